"""How Prometheus' configuration writes durations, sizes, booleans, counts and text.

Its YAML decoder goes by the type that is wanted: `1.10` is a number for a limit and text for a
label. `AsWritten` keeps both for what a reader of YAML takes for a number or a boolean.
"""

import re
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from opsbook.book.fields import BookPath

T = TypeVar("T")

_UNITS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
"""Milliseconds."""
_DURATION = re.compile("".join(f"(?:([0-9]+){unit})?" for unit in _UNITS))
_LONGEST = 2**63 / 1e6
"""Milliseconds: Go counts nanoseconds in 64 bits."""
_SIZE = re.compile(r"(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:B|[KMGTPE]i?B))+")
_SIZE_PART = re.compile(r"([0-9.]+)([KMGTPE]?)(i?)B")
_TRUES = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}
_FALSES = {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}
"""Of YAML 1.1, beside those of 1.2."""


class AsWritten(str):
    """A scalar without quotes that YAML takes for something other than text."""

    __slots__ = ("value",)

    def __new__(cls, text: str, value: bool | float) -> Self:
        made = super().__new__(cls, text)
        made.value = value
        return made

    value: bool | float


def parse_duration(text: str) -> float:
    """`1h30m` or `0` as seconds: units from years to milliseconds, each once, the longest first.

    Raises ValueError.
    """
    if text == "0":
        return 0.0
    found = _DURATION.fullmatch(text)
    if not found or not text:
        raise ValueError("not a duration: write, for example, 15s, 1h30m or 1d")
    parts = zip(found.groups(default="0"), _UNITS.values(), strict=True)
    milliseconds = sum(int(number) * unit for number, unit in parts)
    if milliseconds >= _LONGEST:
        raise ValueError("a duration of more than 292 years")
    return milliseconds / 1000


def format_duration(seconds: float) -> str:
    """As Prometheus writes it: `1h30m`; years and weeks only where nothing is left over."""
    left = round(seconds * 1000)
    if left == 0:
        return "0s"
    text = ""
    for unit, length in _UNITS.items():
        if left >= length and (unit not in "yw" or left % length == 0):
            text += f"{left // length}{unit}"
            left %= length
    return text


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
