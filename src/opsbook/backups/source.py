"""The base of every source: a kind's settings are the fields of its own class."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from opsbook.book.model import Section
from opsbook.core.errors import OpsbookError
from opsbook.core.registry import Registry

if TYPE_CHECKING:
    from opsbook.backups.places import Places  # which works with what stands here


class SourceError(OpsbookError):
    """It could not be read whole, or not restored; the text says where, what and what to do."""


@dataclass(slots=True)
class Work:
    """What a source works with; `stopping` and the deadline end it soon and cleanly."""

    scratch: Path
    """A private directory of its own, removed afterwards, also after kill -9."""
    stopping: threading.Event
    deadline: float
    """Of the monotonic clock."""
    progress: Callable[[str, int, int | None], None]
    """What it is about, bytes done, bytes in all where they are known."""
    level: int = 3
    """Of zstd, for a source whose own program packs."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup: a stream that is read once, to its end, by one thread.

    `read` gives blocks of up to about a mebibyte and raises SourceError where the stream did not
    come to its proper end: a pipe whose program failed is a failure, whatever came out of it.
    """

    name: str
    read: Callable[[], Iterator[bytes]]
    packed: bool = False
    """Whether it is compressed already, and is kept as it is."""


@dataclass(slots=True)
class Facts:
    """What is known of the content, for the manifest. Complete once every part was read."""

    consistent_at: float | None = None
    """The moment, in seconds since 1970, whose state this is; None where there is no such one."""
    versions: dict[str, str] = field(default_factory=dict)
    """Server and tools → their versions."""
    counts: dict[str, int] = field(default_factory=dict)
    """Rows of each table, keys of each database, files: what a restore must bring back."""
    schema: str | None = None
    """A hash of the structure, where there is one."""
    remarks: list[str] = field(default_factory=list)
    """What a person should know, such as a file that changed while it was read."""
    details: dict[str, Any] = field(default_factory=dict)
    """The kind's own, as JSON."""


@dataclass(frozen=True, slots=True)
class Restored:
    """Something restored into a throwaway place."""

    place: str
    """For people: a database, a directory, an address."""
    counts: Mapping[str, int]
    schema: str | None
    ask: Callable[[str], list[tuple[Any, ...]]] | None
    """Answers a query of the book where the kind has queries; read-only, with a deadline."""
    remarks: Sequence[str] = ()
    """What is not as it was where it was backed up, and is no fault of the backup."""


class Source(Section, ABC):
    """Gives the files of a backup, and brings them back. Blocks: call it in threads.

    Subclasses live in `sources/`.
    """

    @property
    @abstractmethod
    def subject(self) -> str:
        """What it is, for people. Never a secret."""

    @abstractmethod
    def parts(self, work: Work, facts: Facts) -> AbstractContextManager[Iterator[Part]]:
        """The files of a backup, one after the other; each is read to its end before the next
        is asked for. `facts` is filled on the way. Leaving the context ends what was begun.

        Raises SourceError.
        """

    @abstractmethod
    def readable(self, name: str, content: BinaryIO, work: Work) -> None:
        """Read a file of a backup to its end as its own tools would, without restoring it.

        Raises SourceError naming what is wrong with it.
        """

    @abstractmethod
    def rehearse(
        self, files: Mapping[str, Callable[[], BinaryIO]], facts: Facts, work: Work
    ) -> AbstractContextManager[Restored]:
        """Restore into a throwaway place with a name of its own; it is gone on leaving. What a
        death leaves behind is removed by `sweep`. Raises SourceError."""

    @abstractmethod
    def sweep(self) -> list[str]:
        """Remove throwaway places of rehearsals that died; their names. Raises SourceError."""

    @abstractmethod
    def restore(
        self,
        files: Mapping[str, Callable[[], BinaryIO]],
        facts: Facts,
        target: str,
        work: Work,
    ) -> str:
        """Restore into `target`, which must not exist or must be empty: a new database, a new
        directory. What was made, for people. Raises SourceError; a target that is in use is
        refused before anything is touched."""

    def estimate(self) -> int | None:
        """About how many bytes a backup will have, for the check of space; None if unknown."""
        return None

    def scratch_bytes(self) -> int:
        """About how many bytes a backup takes in the scratch directory while it is made."""
        return 0

    @property
    def places(self) -> "Places":
        """The names under which it can be restored and swapped. Raises SourceError where a kind
        has none: what it restores is not swapped."""
        raise SourceError(f"{self.subject}: it cannot be swapped; bring it back by opsbook restore")


source_kinds: Registry[Source] = Registry(
    "opsbook.backups.sources",
    Source,  # type: ignore[type-abstract]
)
