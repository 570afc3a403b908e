"""Secrets as references, resolved when they are used and masked wherever text leaves."""

import os
from pathlib import Path

from opsbook.core.errors import BadInputError

_MASK = "***"
_SHORTEST_MASKED = 4
"""Masking every `a` of a one-letter secret would tell it and ruin the text."""

_revealed: set[str] = set()
_variables: set[str] = set()


class Secret:
    """Where a secret is kept: `env:NAME` or `file:/path`. It never shows what it holds."""

    __slots__ = ("reference",)

    def __init__(self, reference: str) -> None:
        """Raises ValueError if `reference` is not a reference, without repeating it."""
        scheme, _, rest = reference.partition(":")
        if scheme not in ("env", "file") or not rest:
            raise ValueError("not a secret reference: write env:NAME or file:/path")
        self.reference = reference
        if scheme == "env":
            _variables.add(rest)

    def reveal(self) -> str:
        """What the reference holds now. Raises BadInputError if there is nothing."""
        scheme, _, rest = self.reference.partition(":")
        value = _from_environment(rest) if scheme == "env" else _from_file(rest)
        return hidden(value)

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    def __str__(self) -> str:
        return self.reference

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reference == self.reference

    def __hash__(self) -> int:
        return hash(self.reference)


def inherited_environment() -> dict[str, str]:
    """What a program that we start may inherit: our environment without the secrets in it."""
    return {name: value for name, value in os.environ.items() if name not in _variables}


def hidden(value: str) -> str:
    """A secret, from now on masked wherever text leaves."""
    if len(value) >= _SHORTEST_MASKED:
        _revealed.add(value)
    return value


def mask(text: str) -> str:
    """The text with every secret that was ever revealed replaced by `***`."""
    if not any(value in text for value in _revealed):
        return text
    for value in sorted(_revealed, key=len, reverse=True):
        text = text.replace(value, _MASK)
    return text


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise BadInputError(f"secret env:{name} is missing; set the environment variable {name}")
    return value


def _from_file(path: str) -> str:
    try:
        value = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise BadInputError(f"secret file:{path} cannot be read: {reason}") from None
    if not value:
        raise BadInputError(f"secret file:{path} is empty; put the secret on its first line")
    return value
