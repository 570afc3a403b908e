"""The base of every destination: a kind's settings are the fields of its own class."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

from pydantic import PrivateAttr

from opsbook.book.model import Section
from opsbook.core.errors import OpsbookError
from opsbook.core.registry import Registry


class DestinationError(OpsbookError):
    """It could not be reached, or refused; the text says where, what and what to do."""

    def __init__(self, message: str, *, temporary: bool) -> None:
        super().__init__(message)
        self.temporary = temporary
        """Whether trying again may help."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as the destination lists it."""

    name: str
    size: int
    """Bytes."""


class Upload(ABC):
    """One object on its way. It exists under its name only after `commit`, whole.

    Blocks; used by one thread. Left without `commit` it leaves nothing behind that is listed,
    and nothing at all where the destination can take it back.
    """

    @abstractmethod
    def write(self, block: bytes) -> None:
        """Raises DestinationError."""

    @abstractmethod
    def commit(self) -> None:
        """On return it survives the death of this process. Raises DestinationError."""

    @abstractmethod
    def abort(self) -> None:
        """Nothing after `commit`. Never raises."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.abort()


class Destination(Section, ABC):
    """Keeps objects under names such as `orders/20261121-023000/dump.zst.age`. Blocks: call it in
    threads; several may call at once. Subclasses live in `destinations/`."""

    _platform: str | None = PrivateAttr(default=None)

    def bind(self, platform: str) -> None:
        """Say whose backups these are. Called once, before anything else."""
        self._platform = platform

    @property
    def platform(self) -> str:
        if self._platform is None:
            raise RuntimeError("the destination was not bound to a platform")
        return self._platform

    @property
    @abstractmethod
    def subject(self) -> str:
        """Where it is, for people. Never a secret."""

    @abstractmethod
    def upload(self, name: str) -> Upload:
        """Begin an object; one with this name is replaced at its commit. Raises
        DestinationError."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """Read an object from its beginning, as it comes. Raises DestinationError, and
        FileNotFoundError where there is none."""

    @abstractmethod
    def names(self, prefix: str) -> Iterator[Stored]:
        """Objects whose names begin so, whole ones only. Raises DestinationError."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Nothing if there is none. Raises DestinationError."""

    @abstractmethod
    def free_bytes(self) -> int | None:
        """Room that is left for backups; None where there is no telling."""

    @abstractmethod
    def sweep(self, older_than: float) -> int:
        """Remove what uploads that died left behind, if they began so many seconds ago; how
        many. Raises DestinationError."""

    def close(self) -> None:
        """Let go of connections."""


destination_kinds: Registry[Destination] = Registry(
    "opsbook.backups.destinations",
    Destination,  # type: ignore[type-abstract]
)
