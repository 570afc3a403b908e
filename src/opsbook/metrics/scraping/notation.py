"""How Prometheus' configuration writes durations, sizes, booleans, counts and text.

Its YAML decoder goes by the type that is wanted: `1.10` is a number for a limit and text for a
label.
"""

import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from opsbook.book.fields import BookPath
from opsbook.book.source import AsWritten
from opsbook.metrics.durations import parse_duration

T = TypeVar("T")

_SIZE = re.compile(r"(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:B|[KMGTPE]i?B))+")
_SIZE_PART = re.compile(r"([0-9.]+)([KMGTPE]?)(i?)B")
_TRUES = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}
_FALSES = {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}
"""Of YAML 1.1, beside those of 1.2."""


def parse_size(text: str) -> int:
    """`10MB`, `1.5KiB`, `1GB512MB`: bytes in powers of 1024, with `i` or without.

    Raises ValueError.
    """
    parts = _SIZE_PART.findall(text)
    if text != "0" and (not _SIZE.fullmatch(text) or len({i for _, k, i in parts if k}) > 1):
        raise ValueError("not a size: write, for example, 512KB or 10MB")
    powers = {letter: 1024**power for power, letter in enumerate(["", *"KMGTPE"])}
    return int(sum(float(number) * powers[letter] for number, letter, _ in parts))


def _text(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            raise ValueError("a number where text belongs: put it in quotes")
        case str() | int():
            return _utf8(str(value))
    return value


def _utf8(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("not UTF-8: half of a surrogate pair stands alone") from None
    return text


def _flag(value: Any) -> Any:
    if isinstance(value, AsWritten):
        value = value.value
    if isinstance(value, str) and value in _TRUES | _FALSES:
        return value in _TRUES
    if value is None or isinstance(value, bool):
        return bool(value)
    raise ValueError("not a boolean: write true or false, without quotes")


def _count(value: Any) -> Any:
    number = value.value if isinstance(value, AsWritten) else value
    if number is None:
        return 0
    if isinstance(number, float) and number.is_integer():
        return int(number)
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError("not a whole number: write, for example, 1000, without quotes")
    return number


def _duration(value: Any) -> Any:
    return None if value is None else parse_duration(_scalar(value)) or None


def _size(value: Any) -> Any:
    return 0 if value is None else parse_size(_scalar(value))


def _scalar(value: Any) -> str:
    """As text, of which only `0` can do without a unit."""
    return str(value) if isinstance(value, str | int | float) else ""


def _label_name(text: str) -> str:
    if not text:
        raise ValueError("a label's name is empty")
    return text


def _nothing(value: Any) -> Any:
    return [] if value is None else value


def _no_entry(value: Any) -> Any:
    return {} if value is None else value


def _no_file(value: Any) -> Any:
    return value or None


Text = Annotated[str, BeforeValidator(_text)]
"""Text; whole numbers and booleans stand for themselves, nothing for the empty text."""

LabelName = Annotated[Text, AfterValidator(_label_name)]
"""Any UTF-8 but the empty text, as in Prometheus 3."""

Flag = Annotated[bool, BeforeValidator(_flag)]
"""`true` or `false`; as in YAML 1.1, which Prometheus reads, `yes` and `off` too."""

Count = Annotated[int, Field(ge=0, lt=2**64), BeforeValidator(_count)]

Interval = Annotated[
    float | None,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "examples": ["15s", "1h30m", "1d"]}),
]
"""Seconds; None where it is 0 or not given, which is the same to Prometheus."""

Bytes = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({"type": "string", "examples": ["512KB", "10MB"]}),
]
"""Powers of 1024, whether the unit says `MB` or `MiB`; 0 is no limit."""

Many = Annotated[list[T], BeforeValidator(_nothing)]
Keyed = Annotated[dict[Text, T], BeforeValidator(_no_entry)]
Labelled = Annotated[dict[LabelName, Text], BeforeValidator(_no_entry)]
File = Annotated[BookPath | None, BeforeValidator(_no_file)]
