"""Types for what a book says: durations, sizes, percentages, names, files, secrets."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core.core_schema import ValidationInfo

from opsbook.core.days import Days as _Days
from opsbook.core.secrets import Secret as _Secret
from opsbook.core.units import parse_duration, parse_percent, parse_size


def _with_unit(parse: Callable[[str], float], example: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if isinstance(value, str):
            return parse(value)
        if value == 0 and not isinstance(value, bool):
            return 0
        raise ValueError(f"the unit is missing: write, for example, {example}")

    return read


def _text_schema(description: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "description": description, "examples": list(examples)}
    )


Duration = Annotated[
    float,
    BeforeValidator(_with_unit(parse_duration, "10s")),
    _text_schema("a number and a unit: ms, s, m, h, d, w", "250ms", "10s", "1h30m"),
]
"""A length of time in seconds."""


def _days(value: Any) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool)
    return _Days.parse(str(value)) if number or isinstance(value, str) else value


Days = Annotated[
    _Days,
    BeforeValidator(_days),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "description": "a weekday, one of a month, or a day of the month",
            "examples": ["sun", "first sun", "last fri", 1, "last"],
        }
    ),
]
"""Days that come again and again."""

Size = Annotated[
    int,
    BeforeValidator(_with_unit(parse_size, "512 MiB")),
    _text_schema("a number and a unit: B, kB, MB, GB, KiB, MiB, GiB", "512 MiB", "10 GB"),
]
"""An amount of data in bytes."""

Percent = Annotated[
    float,
    BeforeValidator(_with_unit(parse_percent, "80 %")),
    _text_schema("a number and a percent sign", "80 %"),
]
"""A share in percent: 80.0 for `80 %`."""


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value) or len(value) > 100:
        raise ValueError("not a name: use up to 100 letters, digits, dots, dashes and underscores")
    return value


Name = Annotated[str, AfterValidator(_name)]
"""A name as it stands in URLs, file names and metrics."""


def _relative_to_book(value: Path, info: ValidationInfo) -> Path:
    base = (info.context or {}).get("directory", Path())
    return Path(base, value.expanduser())


BookPath = Annotated[Path, AfterValidator(_relative_to_book)]
"""A file; a relative path starts at the book's own directory."""


def _secret(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, _Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("not a secret reference: write env:NAME or file:/path")
    scheme, _, rest = value.partition(":")
    if scheme == "file":
        value = f"file:{_relative_to_book(Path(rest), info)}"
    secret = _Secret(value)
    found: list[_Secret] | None = (info.context or {}).get("secrets")
    if found is not None:
        found.append(secret)
    return secret


Secret = Annotated[
    _Secret,
    BeforeValidator(_secret),
    PlainSerializer(str),
    _text_schema("where the secret is kept, never the secret itself", "env:NAME", "file:/path"),
]
"""A reference to a secret. A plain value in the book is refused and not repeated."""


def _text_or_secret(value: Any, info: ValidationInfo) -> Any:
    is_reference = isinstance(value, str) and value.startswith(("env:", "file:"))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return _secret(value, info) if is_reference else value


TextOrSecret = Annotated[
    str | _Secret,
    BeforeValidator(_text_or_secret),
    PlainSerializer(str),
    _text_schema("text, or where a secret is kept", "plain text", "env:NAME", "file:/path"),
]
"""Text, or a secret where it is written as `env:NAME` or `file:/path`."""


def revealed(value: "str | _Secret") -> str:
    """The text itself, at the moment of use."""
    return value.reveal() if isinstance(value, _Secret) else value
