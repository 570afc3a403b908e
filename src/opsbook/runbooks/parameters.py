"""Parameters of a runbook: typed, validated, and secrets never written down."""

import math
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar

import re2  # type: ignore[import-untyped]  # the wheel carries no types
from pydantic import Field

from opsbook.book.model import Section
from opsbook.core.errors import BadInputError, hint_for
from opsbook.core.secrets import Secret
from opsbook.core.units import parse_duration
from opsbook.durable.values import Json
from opsbook.runbooks.revealed import Revealed


class ParameterSettings(Section):
    """One parameter."""

    type: Literal["text", "integer", "number", "boolean", "duration", "choice", "service", "secret"]
    """`duration` as in `30s`; `service` is one of the book's; `secret` is a reference
    (`env:NAME`, `file:/path`), which is all that is ever recorded."""
    description: str = ""
    """What it is for, for the person who gives it."""
    default: str | int | float | bool | None = None
    """Required where there is none."""
    minimum: float | None = None
    """Of a number; of a duration in seconds."""
    maximum: float | None = None
    """Of a number; of a duration in seconds."""
    choices: list[str] = []
    """Of a `choice`: what may be given."""
    pattern: str | None = None
    """A regular expression (RE2) that the whole text must match."""
    longest: int = Field(default=1000, ge=1, le=100_000)
    """Characters of a text."""


def accepted(
    settings: Mapping[str, ParameterSettings],
    given: Mapping[str, Json],
    services: Collection[str] | None,
) -> dict[str, Json]:
    """The values as they are recorded, defaults included; secrets stay references. Without
    services, any name may be one.

    Raises BadInputError naming every parameter that does not fit, what was given and a remedy.
    """
    wrong = [_unknown(name, settings) for name in given if name not in settings]
    values: dict[str, Json] = {}
    for name, one in settings.items():
        try:
            values[name] = fitting(one, given.get(name, one.default), services)
        except ValueError as error:
            wrong.append(f"parameter {name}: {error}")
    if wrong:
        raise BadInputError("; ".join(wrong))
    return values


def fitting(settings: ParameterSettings, value: Json, services: Collection[str] | None) -> Json:
    """A value as its type wants it. Raises ValueError saying what is wrong and what to write."""
    if value is None:
        raise ValueError("is missing: give it, it has no default")
    match settings.type:
        case "integer" | "number":
            return _number(settings, value)
        case "boolean":
            return _boolean(value)
        case "duration":
            return _within(settings, parse_duration(str(value)), value)
        case "choice":
            return _one_of(str(value), settings.choices)
        case "service":
            return str(value) if services is None else _one_of(str(value), services)
        case "secret":
            return _reference(value)
        case "text":
            return _text(settings, value)


def revealed(
    settings: Mapping[str, ParameterSettings], recorded: Mapping[str, Json]
) -> dict[str, Any]:
    """The values for templates, with secrets revealed. Raises BadInputError for one that
    cannot be read now."""
    return {
        name: Revealed.of(str(value)) if settings[name].type == "secret" else value
        for name, value in recorded.items()
    }


def handed(settings: Mapping[str, ParameterSettings], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values for templates of a runbook that another one runs. A secret is handed on by its
    reference. Raises BadInputError, also where it would become what is no secret."""
    named: dict[str, Json] = {}
    for name, value in given.items():
        secret = isinstance(value, Revealed)
        if secret and name in settings and settings[name].type != "secret":
            raise BadInputError(f"parameter {name}: a secret was given; write `type: secret`")
        named[name] = value.reference if secret else value
    # A service is one of the book's, which the step that is given it finds out.
    return revealed(settings, accepted(settings, named, None))


def _unknown(name: str, known: Collection[str]) -> str:
    return f"there is no parameter {name!r}: {hint_for(name, known)}"


def _number(settings: ParameterSettings, value: Json) -> int | float:
    whole = settings.type == "integer"
    kind = "a whole number" if whole else "a number"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"not {kind} (got {value!r})")
    try:
        number = int(str(value)) if whole else float(value)
    except ValueError:
        raise ValueError(f"not {kind} (got {value!r})") from None
    if not math.isfinite(number):
        raise ValueError(f"not {kind} (got {value!r})")
    return _within(settings, number, value)


N = TypeVar("N", int, float)


def _within(settings: ParameterSettings, number: N, given: Json) -> N:
    if settings.minimum is not None and number < settings.minimum:
        raise ValueError(f"too small (got {given!r}): at least {settings.minimum:g}")
    if settings.maximum is not None and number > settings.maximum:
        raise ValueError(f"too great (got {given!r}): at most {settings.maximum:g}")
    return number


def _boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise ValueError(f"neither true nor false (got {value!r})")


def _one_of(value: str, known: Collection[str]) -> str:
    if value in known:
        return value
    raise ValueError(f"unknown (got {value!r}): {hint_for(value, known)}")


def _reference(value: Json) -> str:
    # What was given is not repeated: it may be the secret itself.
    return Secret(str(value)).reference


def _text(settings: ParameterSettings, value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"not text (got {type(value).__name__})")
    text = str(value)
    if len(text) > settings.longest:
        raise ValueError(f"{len(text)} characters long: at most {settings.longest}")
    if settings.pattern is not None and not re2.fullmatch(settings.pattern, text):
        raise ValueError(f"does not match (got {text[:80]!r}): it must match {settings.pattern}")
    return text
