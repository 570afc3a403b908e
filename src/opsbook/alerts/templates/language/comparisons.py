"""`eq`, `ne`, `lt`, `le`, `gt`, `ge`."""

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.values import Struct, Value, type_name


def equal(first: Value, *others: Value) -> bool:
    """Whether the first is one of the others."""
    if not others:
        raise CallError("takes at least two values, and is given 1")
    return any(_same(first, other) for other in others)


def unequal(first: Value, second: Value) -> bool:
    return not _same(first, second)


def less(first: Value, second: Value) -> bool:
    _comparable(first, second)
    match first, second:
        case str(), str():
            return first < second
        case int() | float(), int() | float() if not isinstance(first, bool):
            return first < second
    raise CallError(f"{type_name(first)} has no order; compare numbers or texts")


def less_or_equal(first: Value, second: Value) -> bool:
    return less(first, second) or _same(first, second)


def greater(first: Value, second: Value) -> bool:
    return not less_or_equal(first, second)


def greater_or_equal(first: Value, second: Value) -> bool:
    return not less(first, second)


def _same(first: Value, second: Value) -> bool:
    if first is None or second is None:
        return first is second
    _comparable(first, second)
    if isinstance(first, list | dict):
        raise CallError(f"{type_name(first)} cannot be compared; compare its parts")
    return first == second


def _comparable(first: Value, second: Value) -> None:
    if _kind(first) is not _kind(second):
        raise CallError(
            f"{type_name(first)} cannot be compared with {type_name(second)};"
            " write 1.0 for 1 beside a float, or use printf to make texts"
        )


def _kind(value: Value) -> type:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind
    return type(value) if isinstance(value, Struct) else type(value).__mro__[-2]
