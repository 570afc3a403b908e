"""Types and defaults of settings in the words of those who write books."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from opsbook.alerts.sending.address import HeldText, HeldUrl, PlainUrl
from opsbook.book.fields import BookPath, Days, Duration, Name, Percent, Secret, Size, TextOrSecret
from opsbook.metrics.durations import PrometheusDuration
from opsbook.metrics.scraping.notation import Bytes, Interval
from opsbook.probes.conditions import Limit, Limits
from opsbook.probes.extract import JsonPath, Pattern
from opsbook.probes.maintenance import ClockTime, Moment
from opsbook.probes.url import HttpUrl, WebSocketUrl
from opsbook.runbooks.fields import Document, TemplateOrSecret
from opsbook.runbooks.settings import Word
from opsbook.runbooks.template import Expression, Template

_NAMED: list[tuple[Any, str]] = [
    (Duration, "duration"),
    (PrometheusDuration, "duration"),
    (Interval, "duration"),
    (Size, "size"),
    (Bytes, "size such as 512KB"),
    (Percent, "percent"),
    (Days, "day"),
    (Name, "name"),
    (BookPath, "path"),
    (Secret, "secret"),
    (TextOrSecret, "text or secret"),
    (Limit, "limit"),
    (Limits, "limit, or bands"),
    (JsonPath, "JSON path"),
    (Pattern, "regular expression"),
    (HttpUrl, "URL"),
    (PlainUrl, "URL"),
    (HeldUrl, "URL or secret"),
    (HeldText, "text or secret"),
    (WebSocketUrl, "URL"),
    (Moment, "moment such as 2026-03-01T02:00:00Z"),
    (ClockTime, "time of day such as 02:30"),
    (Document, "document"),
    (TemplateOrSecret, "template or secret"),
    (Word, "word"),
]
_PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Template: "template",
    Expression: "condition",
}
_COUNTABLE = {words for _, words in _NAMED} | {"text", "whole number", "number", "template"}
_TIMES = (Duration, PrometheusDuration, Interval)
_DURATIONS = {"d": 86_400, "h": 3600, "m": 60, "s": 1, "ms": 1e-3}
_SIZES = {" GiB": 1024**3, " MiB": 1024**2, " KiB": 1024, " B": 1}
_ENDLESS = 2**63
"""Bounds from here on are those of computers: nobody comes near them."""
_OCTAL = "^[0-7]{3,4}$"
"""The pattern by which a whole number says that people write it in octal digits."""


def type_words(hint: Any, info: FieldInfo | None = None) -> str:
    """What to write for a setting of this type. Raises LookupError for a type without words."""
    bounds = _bounds(hint, info)
    return f"{_words(hint)}, {bounds}" if bounds else _words(hint)


def default_words(hint: Any, info: FieldInfo) -> str:
    """The default as it would stand in a book; `required` where there is none."""
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is None or isinstance(value, BaseModel) or value is PydanticUndefined:
        return ""
    return f"`{_written(_without_none(hint), value)}`"


def section_in(hint: Any) -> type[BaseModel] | None:
    """The section that a setting of this type holds, if it holds one."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    found = (section_in(argument) for argument in get_args(hint) if argument is not Literal)
    return next((section for section in found if section), None)


def schema_of(hint: Any) -> dict[str, Any]:
    """The JSON Schema of a type that is no section."""
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    config = None if is_dataclass(plain) else ConfigDict(arbitrary_types_allowed=True)
    return TypeAdapter(hint, config=config).json_schema()


def _words(hint: Any) -> str:
    for known, words in _NAMED:
        if _is(hint, known):
            return words
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(hint, arguments[0])
    if origin is Literal:
        return ", ".join(f"`{_quoted(value)}`" for value in arguments)
    if origin in (Union, UnionType):
        # Whoever reads `number` writes whole ones too.
        left_out = {NoneType, int} if float in arguments else {NoneType}
        return " or ".join(_words(member) for member in arguments if member not in left_out)
    if origin is list:
        words = _words(arguments[0])
        return f"list of {words}s" if words in _COUNTABLE else f"list of {words}"
    if origin is dict:
        return f"{_words(arguments[0])} → {_words(arguments[1])}"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return "section"
    return _PLAIN[hint]


def _is(hint: Any, known: Any) -> bool:
    """Whether it is the known type, perhaps with more rules added to it."""
    parts = get_args(known)
    return get_origin(hint) is Annotated and get_args(hint)[: len(parts)] == parts


def _annotated(hint: Any, plain: Any) -> str:
    """The words of what it is made from, with an example where the type gives one."""
    examples = [] if section_in(hint) else schema_of(hint).get("examples", [])
    words = _words(plain)
    return f"{words} such as {examples[0]}" if examples else words


def _bounds(hint: Any, info: FieldInfo | None) -> str:
    """Limits that are numbers; lengths of texts and lists are told when they are broken."""
    kinds = ((Ge, "≥", "ge"), (Gt, ">", "gt"), (Le, "≤", "le"), (Lt, "<", "lt"))
    plain = _without_none(hint)
    return ", ".join(
        f"{sign} {_written(plain, getattr(mark, attribute))}"
        for mark in (info.metadata if info else [])
        for kind, sign, attribute in kinds
        if isinstance(mark, kind) and getattr(mark, attribute) < _ENDLESS
    )


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, UnionType):
        return hint
    members = [argument for argument in get_args(hint) if argument is not NoneType]
    return members[0] if len(members) == 1 else hint


def _written(hint: Any, value: Any) -> str:
    """A value as YAML has it, in a unit that leaves few digits."""
    if get_origin(hint) is Annotated and get_origin(get_args(hint)[0]) is list:
        hint = get_args(hint)[0]
    if isinstance(value, list):
        return f"[{', '.join(_written(get_args(hint)[0], each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {each}' for key, each in value.items())}}}"
    if any(_is(hint, known) for known in _TIMES):
        return _in_units(value, _DURATIONS)
    if _is(hint, Size):
        return _in_units(value, _SIZES)
    if isinstance(value, bool):
        return str(value).lower()
    if schema_of(hint).get("pattern") == _OCTAL:
        return f"{value:04o}"
    return _quoted(value)


def _quoted(value: object) -> str:
    """Nothing at all has to be written too."""
    return str(value) or '""'


def _in_units(value: float, units: Mapping[str, float]) -> str:
    """In the greatest unit of which it is a whole number; nothing is nothing of the base unit."""
    for unit, factor in units.items():
        if value >= factor and abs(value / factor - round(value / factor)) < 1e-9:
            return f"{round(value / factor)}{unit}"
    base = next(unit for unit, factor in units.items() if factor == 1)
    return f"{value:g}{base}"
