"""Secrets in a configuration of Prometheus: held there as they are, or in files it names."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core.core_schema import ValidationInfo

from opsbook.book.fields import Secret
from opsbook.book.model import Section
from opsbook.core.secrets import Secret as Reference
from opsbook.core.secrets import hidden


class PlainSecret(Reference):
    """A secret that stands as it is in a file which Prometheus reads as well."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self.reference = "***"
        self._text = text

    def reveal(self) -> str:
        return hidden(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlainSecret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def _held(value: Any, info: ValidationInfo) -> Any:
    if (info.context or {}).get("plain_secrets") and isinstance(value, str):
        return PlainSecret(str(value)) if value else None
    return value


HeldSecret = Annotated[Secret | None, BeforeValidator(_held)]
"""In a book a reference; where the context says `plain_secrets`, the secret itself."""


def in_file(file: Path | None) -> Reference | None:
    return Reference(f"file:{file}") if file else None


def at_most_one(section: Section, *names: str) -> None:
    """Raises ValueError where more than one of the fields is set."""
    given = [name for name in names if getattr(section, name) not in (None, "")]
    if len(given) > 1:
        raise ValueError(f"both {' and '.join(given)} are given: keep one")
