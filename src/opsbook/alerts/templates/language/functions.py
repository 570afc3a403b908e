"""Python functions as templates call them: counted and typed, as Go would."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import get_type_hints

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.values import Named, Value, type_name

_BASIC: Mapping[type, str] = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "float64",
    list: "[]any",
    dict: "map[string]any",
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function's name, and the types of its parameters as its annotations say them.

    `object` takes everything. `rest` is the type of all further values, or None.
    """

    name: str
    call: Callable[..., Value]
    types: tuple[type, ...]
    rest: type | None

    def bind(self, owner: Value) -> "Function":
        """A method of this owner, whatever its type."""
        return Function(self.name, partial(self.call, owner), self.types[1:], self.rest)

    def __call__(self, given: tuple[Value, ...]) -> Value:
        """Raises CallError."""
        if len(given) < len(self.types) or (self.rest is None and len(given) > len(self.types)):
            raise CallError(self._count(len(given)))
        for position, value in enumerate(given):
            wanted = self.types[position] if position < len(self.types) else self.rest
            if wanted is not None and not _takes(wanted, value):
                raise CallError(f"takes {_name(wanted)} here, not {_shown(value)}")
        return self.call(*given)

    def _count(self, count: int) -> str:
        at_least = "at least " if self.rest else ""
        wanted = len(self.types)
        return f"takes {at_least}{wanted} value{'s' * (wanted != 1)}, and is given {count}"


@lru_cache(maxsize=1024)
def function(name: str, call: Callable[..., Value]) -> Function:
    """A parameter without an annotation, such as `self`, takes everything."""
    hints = get_type_hints(call)
    types: list[type] = []
    rest = None
    for parameter in inspect.signature(call).parameters.values():
        wanted = hints.get(parameter.name, object)
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = wanted
        else:
            types.append(wanted)
    return Function(name, call, tuple(types), rest)


def functions(calls: Mapping[str, Callable[..., Value]]) -> dict[str, Function]:
    return {name: function(name, call) for name, call in calls.items()}


def _takes(wanted: type, value: Value) -> bool:
    """Go converts nothing; only a plain int becomes a type that is an int underneath."""
    if wanted in (str, bool, int, float):
        return type(value) is wanted
    if isinstance(value, wanted):
        return True
    return issubclass(wanted, int) and type(value) is int


def _name(wanted: type) -> str:
    return wanted.go_type if issubclass(wanted, Named) else _BASIC.get(wanted, "value")


def _shown(value: Value) -> str:
    if isinstance(value, str | int | float) and len(str(value)) < 40:
        return f"{value!r} of type {type_name(value)}"
    return type_name(value)
