"""What a watcher has to be for a run: started on a service, and perhaps tell more."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

from bench.service import Service


class Watcher(ABC):
    """A whole process that keeps one service running; it starts the service itself."""

    name: ClassVar[str]

    @abstractmethod
    def missing(self) -> str | None:
        """Why it cannot take part, or None."""

    @abstractmethod
    def watching(self, service: Service, place: Path) -> AbstractContextManager[None]:
        """It runs until the block ends, with its files in the empty directory `place`."""

    def told(self, killed: float, within: float) -> dict[str, float]:
        """Milliseconds after a kill of what the watcher itself told, when it is done with it."""
        return {}

    def recorded(self) -> dict[str, list[float]]:
        """Milliseconds that the watcher's own record has, asked for after the last kill."""
        return {}
