"""What formats have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from opsbook.metrics.exposition.heads import Head


class Note(NamedTuple):
    """What a comment says of a family of metrics."""

    family: str
    field: str
    """A field of Metadata."""
    text: str


class Format(ABC):
    """One language in which metrics are exposed. What is malformed raises ExpositionError."""

    @abstractmethod
    def check_end(self, lines: Sequence[bytes]) -> None:
        """Raise, with the number of the line, if a body of these lines did not come in whole."""

    @abstractmethod
    def is_comment(self, line: bytes) -> bool:
        """Whether the line holds no sample."""

    @abstractmethod
    def note(self, line: bytes) -> Note | None:
        """What a comment says; None if nothing that matters."""

    @abstractmethod
    def head(self, body: bytes, start: int) -> Head:
        """The head of the sample that begins at `start`."""

    @abstractmethod
    def tail(self, tail: bytes) -> tuple[float, int | None]:
        """Value and time (ms) in what stands after a head."""

    @abstractmethod
    def time(self, token: bytes) -> int:
        """A timestamp in ms."""

    @abstractmethod
    def plain(self, tails: list[bytes]) -> list[bytes]:
        """Tails without what is not kept: exemplars, which are checked here."""
