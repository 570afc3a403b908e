"""Go's values, as Python has them.

`None` is nil; str, bool, int and float are themselves; a list is `[]any`, a dict is
`map[string]any`. What has a type of its own in Go is a `Named`: a template reaches its fields and
declared methods, and never an attribute of Python's.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

Value = object
Call = TypeVar("Call", bound=Callable[..., object])

_BASIC = {str: "string", bool: "bool", int: "int", float: "float64"}


def method(name: str) -> Callable[[Call], Call]:
    """Let templates call a method of a Named, under the name that it has in Go."""

    def mark(call: Call) -> Call:
        call.__dict__["go_name"] = name
        return call

    return mark


class Named:
    """A value of a type that has a name in Go, and maybe methods."""

    __slots__ = ()
    go_type: ClassVar[str]
    missing: ClassVar[Value] = None
    """What a map of this type gives for a key that it does not have."""
    methods: ClassVar[Mapping[str, Callable[..., Value]]] = {}

    def __init_subclass__(cls) -> None:
        own = {
            call.go_name: call
            for _, call in inspect.getmembers(cls, inspect.isfunction)
            if hasattr(call, "go_name")
        }
        cls.methods = {**cls.methods, **own}


class Strings(Named, list[str]):
    go_type = "[]string"


class StringMap(Named, dict[str, str]):
    go_type = "map[string]string"
    missing = ""


class Html(Named, str):
    """Text that is HTML already."""

    __slots__ = ()

    go_type = "template.HTML"


class Url(Named, str):
    __slots__ = ()
    go_type = "template.URL"


class Struct(Named):
    """Fields by name, in order."""

    pointer: ClassVar[bool] = False
    """Whether Go passes it around as a pointer."""
    json_lower: ClassVar[bool] = False
    """Whether JSON has its fields' names with a small letter first."""

    def __init__(self, **fields: Value) -> None:
        self.fields: Mapping[str, Value] = fields

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.fields == other.fields

    def json_name(self, field: str) -> str:
        return field[0].lower() + field[1:] if self.json_lower else field

    __hash__ = None  # type: ignore[assignment]  # fields may be lists


def type_name(value: Value) -> str:
    """As `%T` shows it."""
    if value is None:
        return "<nil>"
    if isinstance(value, Named):
        return ("*" if isinstance(value, Struct) and value.pointer else "") + value.go_type
    if isinstance(value, list):
        return "[]interface {}"
    return _BASIC.get(type(value), "map[string]interface {}")


def is_true(value: Value) -> bool:
    """Whether `if` takes it: not false, 0, nil, nor empty. A struct always is."""
    return isinstance(value, Struct) or bool(value)


def encoded(text: str) -> bytes:
    """The bytes that Go would hold. Half characters, as `slice` can make, are kept."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
