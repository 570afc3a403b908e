"""The base of every fault: a kind's settings are the fields of its own class."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from opsbook.book.model import Section
from opsbook.core.errors import OpsbookError
from opsbook.core.procfs import ProcessIdentity
from opsbook.core.registry import Registry

Prepared = Mapping[str, Any]
"""Plain JSON: all that it takes to begin a fault and to end it, whatever the book says by then."""


class FaultError(OpsbookError):
    """A fault cannot be prepared, begun or ended; the text says what is as it was."""


class Mended(StrEnum):
    """What makes the platform well again."""

    RESTART = "restart"
    """The watch mends it by itself, while the fault lasts."""
    UNDO = "undo"
    """It is well again only once the fault has been undone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault is prepared."""

    run: str
    """Of which drill it is part; goes into the names of what the fault makes."""
    directory: Path
    """Private, on the disk, and there until the fault is over: for what has to be put back."""
    process: Callable[[str], ProcessIdentity]
    """The main process of a service. Raises FaultError if there is none to be seen."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """A runbook that a drill carries out and takes back."""

    runbook: str
    parameters: Mapping[str, Any]
    confirm: str
    """What a person would type, for class 2 and above."""


class Fault(Section, ABC):
    """Hurts one thing and makes it as it was. Subclasses live in `faults/`.

    `begin` and `end` know nothing but what `prepare` gave, for they may be called in another
    process: after a kill -9, by the next start or by the dead man's switch.
    """

    @property
    @abstractmethod
    def subject(self) -> str:
        """What it does to what, for people."""

    def target(self) -> str | None:
        """The service that it hurts, where it hurts one of the book's."""
        return None

    def mended(self) -> Mended:
        """What makes the platform well again."""
        return Mended.UNDO

    def exercise(self) -> Exercise | None:
        """The runbook that is carried out between its beginning and its end, if any."""
        return None

    @abstractmethod
    async def prepare(self, place: Place) -> Prepared:
        """Change nothing; find out and keep what `end` needs. Raises FaultError."""

    @classmethod
    @abstractmethod
    async def begin(cls, prepared: Prepared) -> None:
        """Do it; a second time does no more. Raises FaultError."""

    @classmethod
    @abstractmethod
    async def end(cls, prepared: Prepared) -> None:
        """Make everything as it was, also if it never began, or half, or was ended before.

        What somebody else has changed since is left as it is. Raises FaultError.
        """


fault_kinds: Registry[Fault] = Registry(
    "opsbook.drills.faults",
    Fault,  # type: ignore[type-abstract]
)
