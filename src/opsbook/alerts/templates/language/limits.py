"""How much one execution may take."""

import time
from dataclasses import dataclass, field

from opsbook.alerts.templates.language.errors import CallError

LONGEST = 1 << 20
"""Characters in one text, whoever makes it."""
_FUNCTIONS_SHARE = 64
"""Texts of the greatest length that functions may make between them, so that no loop fills the
memory with texts that are never shown."""


@dataclass(frozen=True, slots=True)
class Limits:
    output: int = LONGEST
    """Characters."""
    seconds: float = 5.0


class TextBuffer:
    """Text that grows up to a limit. Raises CallError beyond it."""

    def __init__(self, limit: int = LONGEST) -> None:
        self._parts: list[str] = []
        self.last = ""
        """The piece that was added last."""
        self._left = self._limit = limit

    def add(self, text: str) -> None:
        self._left -= len(text)
        if self._left < 0:
            raise CallError(f"the text grows longer than {self._limit:,} characters; shorten it")
        self._parts.append(text)
        self.last = text

    def __str__(self) -> str:
        return "".join(self._parts)


@dataclass(slots=True)
class Budget:
    """What is left of the limits while a template is carried out. Raises CallError."""

    limits: Limits
    deadline: float = field(init=False)
    made: int = 0
    """Characters that functions have made."""

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.limits.seconds

    def step(self) -> None:
        if time.monotonic() > self.deadline:
            raise CallError(f"takes longer than {self.limits.seconds:g} s; loop over less")

    def account(self, value: object) -> None:
        """Count what a function has given back."""
        if isinstance(value, str):
            self.made += len(value)
            if self.made > _FUNCTIONS_SHARE * LONGEST:
                raise CallError("makes too much text; loop over less")
