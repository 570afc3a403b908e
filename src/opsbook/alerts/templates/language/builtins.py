"""The functions that every template has. `and` and `or` are the evaluator's own: they need not
look at all their values."""

from collections.abc import Callable

from opsbook.alerts.templates.language import comparisons, escapes
from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.format import joined, shown
from opsbook.alerts.templates.language.functions import Function, functions
from opsbook.alerts.templates.language.printf import printf
from opsbook.alerts.templates.language.values import (
    Named,
    Value,
    decoded,
    encoded,
    is_true,
    type_name,
)


def _not(value: object) -> bool:
    return not is_true(value)


def _length(value: object) -> int:
    if isinstance(value, str):
        return len(encoded(value))
    if isinstance(value, list | dict):
        return len(value)
    raise CallError(f"{type_name(value)} has no length")


def _index(value: object, *keys: object) -> Value:
    if value is None:
        raise CallError("there is nothing to look into; ask with {{if}} or {{with}} first")
    found: Value = value
    for key in keys:
        found = _entry(found, key)
    return found


def _entry(value: Value, key: Value) -> Value:
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise CallError(f"the key is of type {type_name(key)}; write a text in quotes")
        return value.get(key, value.missing if isinstance(value, Named) else None)
    if isinstance(value, list):
        return value[_position(key, len(value) - 1)]
    if isinstance(value, str):
        data = encoded(value)
        return data[_position(key, len(data) - 1)]
    raise CallError(f"{type_name(value)} has no entries")


def _position(key: Value, last: int) -> int:
    if type(key) is not int:
        raise CallError(f"a position is an int, not {type_name(key)}")
    if not 0 <= key <= last:
        raise CallError(f"{key} is out of range; the last position is {last}")
    return key


def _slice(value: object, *bounds: object) -> Value:
    """Bytes of a text, or entries of a list, from one position up to before another."""
    if not isinstance(value, str | list):
        raise CallError(f"{type_name(value)} has no parts to slice")
    if len(bounds) > (2 if isinstance(value, str) else 3):
        raise CallError("takes fewer positions")
    whole = encoded(value) if isinstance(value, str) else value
    positions = [_position(each, len(whole)) for each in bounds]
    if positions != sorted(positions):
        raise CallError(f"the positions {positions} do not go up")
    start, end = [*positions[:2], *(0, len(whole))[len(positions) :]]
    if isinstance(whole, bytes):
        return decoded(whole[start:end])
    return type(whole)(whole[start:end])


def _call(value: object, *given: object) -> Value:
    raise CallError(f"{type_name(value)} is no function")


def _print(*values: object) -> str:
    return joined(values, always=False)


def _println(*values: object) -> str:
    return joined(values, always=True) + "\n"


def _printf(pattern: str, *values: object) -> str:
    return printf(pattern, values)


def _escaping(escape: Callable[[str], str]) -> Callable[..., Value]:
    def escaped(*values: object) -> str:
        if len(values) == 1:
            return escape(shown(values[0]))
        return escape(
            joined([shown(each) if each is None else each for each in values], always=False)
        )

    return escaped


def _and_or(first: object, *others: object) -> Value:
    raise AssertionError("the evaluator carries these out itself")


BUILTINS: dict[str, Function] = functions(
    {
        "and": _and_or,
        "or": _and_or,
        "not": _not,
        "call": _call,
        "len": _length,
        "index": _index,
        "slice": _slice,
        "print": _print,
        "println": _println,
        "printf": _printf,
        "html": _escaping(escapes.html),
        "js": _escaping(escapes.js),
        "urlquery": _escaping(escapes.urlquery),
        "eq": comparisons.equal,
        "ne": comparisons.unequal,
        "lt": comparisons.less,
        "le": comparisons.less_or_equal,
        "gt": comparisons.greater,
        "ge": comparisons.greater_or_equal,
    }
)
