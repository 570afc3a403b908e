"""The base of every controller: a kind's settings are the fields of its own class."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import PrivateAttr

from opsbook.book.model import Section
from opsbook.core.errors import OpsbookError
from opsbook.core.registry import Registry
from opsbook.services.model import Death, Instance

ReloadSignal = Literal["HUP", "USR1", "USR2"]


class ControllerError(OpsbookError):
    """The manager of a service refused or is not there; the text says what it said."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a controller keeps what it must remember, and for which service."""

    platform: str
    service: str
    records: Path
    """Directory for small files that outlive this process; private."""
    logs: Path
    """Directory for the service's output; private."""


class Controller(Section, ABC):
    """Starts, stops and watches one service. Subclasses live in `controllers/`."""

    _home: Home | None = PrivateAttr(default=None)

    def bind(self, home: Home) -> None:
        """Say for which service this is. Called once, before anything else."""
        self._home = home

    @property
    def home(self) -> Home:
        if self._home is None:
            raise RuntimeError("the controller was not bound to a service")
        return self._home

    @property
    @abstractmethod
    def subject(self) -> str:
        """What it controls, for people: a program, a unit, a container."""

    @abstractmethod
    async def running(self) -> Instance | None:
        """What runs now, also when somebody else or an earlier life of Opsbook started it.

        Raises ControllerError if the manager cannot be asked.
        """

    @abstractmethod
    async def start(self) -> Instance:
        """Start it and return once its manager says that it was started, not that it works.

        Starting what runs already returns that. Raises ControllerError.
        """

    @abstractmethod
    async def stop(self) -> None:
        """Stop it and return once it is gone: politely first, then by force after its grace.

        Stopping what does not run does nothing. Raises ControllerError.
        """

    scales_by: ClassVar[str] = ""
    """What a book has to declare for this kind to scale; empty where it never can."""

    @property
    def can_scale(self) -> bool:
        """Whether it can scale this service as it is declared."""
        return False

    async def reload(self) -> None:
        """Have what runs read its configuration again, without an end. Raises ControllerError."""
        raise ControllerError(f"{self.subject}: its controller cannot reload it; restart it")

    async def scale(self, replicas: int) -> None:
        """Ask for so many replicas; `replicas` tells when there are. Raises ControllerError."""
        raise ControllerError(f"{self.subject}: its controller cannot scale it; {how_to_scale()}")

    async def replicas(self) -> int | None:
        """How many there are now; None where nobody counts them. Raises ControllerError."""
        return None

    @abstractmethod
    async def death(self, instance: Instance) -> Death:
        """Wait until this instance has ended. By event; by polling only where there is none."""

    async def close(self) -> None:
        """Free connections to the manager. The service goes on."""


controller_kinds: Registry[Controller] = Registry(
    "opsbook.services.controllers",
    Controller,  # type: ignore[type-abstract]
)


def how_to_scale() -> str:
    """Which controllers can scale a service, and what has to be declared for it."""
    kinds = {name: controller_kinds.load(name).scales_by for name in controller_kinds.names()}
    can = [f"`{name}` with {by}" for name, by in kinds.items() if by]
    return f"these can: {', '.join(can)}"
