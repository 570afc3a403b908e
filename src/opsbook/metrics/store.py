"""What every store of samples keeps, whatever lies underneath."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import PrivateAttr

from opsbook.book.model import Section
from opsbook.core.clock import Clock, SystemClock
from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.core.labels import Labels
from opsbook.core.registry import Registry
from opsbook.metrics.model import Frame, Matcher, Share, Unchanged, Values, given


class StoreError(OpsbookError):
    """The store could not do what was asked; the text says whether a sample is lost."""


class TooManySeriesError(BadInputError):
    """A group would hold more series, or longer labels, than is allowed; nothing was taken."""


class TooManySamplesError(BadInputError):
    """A query would read more samples than is allowed."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Series of one group in a fixed order, so that a row of them is a vector of numbers."""

    group: str
    labels: tuple[Labels, ...]
    number: int
    """The store's own name for it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the samples of one append."""

    taken: int
    repeated: int = 0
    """Were there already, with the same value."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Reason -> samples that were not taken."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read, and where."""

    file: Path
    offset: int
    text: str

    def __str__(self) -> str:
        return f"{self.file} at byte {self.offset}: {self.text}"


@dataclass(frozen=True, slots=True)
class Stats:
    """What a store holds now. None is what it cannot know: another server holds the samples."""

    series: int | None
    samples: int | None
    blocks: int | None
    disk_bytes: int
    """Blocks, log and what else lies in its directory."""
    log_bytes: int
    """The write-ahead log's share."""
    oldest: int | None
    """Milliseconds since 1970; None without a sample, or where it cannot be known."""
    newest: int | None
    refused: Mapping[str, int]
    """Reason -> samples since the start."""
    problems: tuple[Problem, ...]


class Store(Section, ABC):
    """Keeps samples and finds them again. Subclasses live in `stores/`.

    Samples come in groups: what one scrape, one check or one push gave at one time. Whatever is
    asked of a store that was started may be asked from any thread, at the same time as anything
    else. Rows of one group are taken in the order in which they come: a writer that has rows of
    several times for a group must not hand them to several threads.
    """

    _home: Path | None = PrivateAttr(default=None)
    _clock: Clock = PrivateAttr(default_factory=SystemClock)

    def bind(self, home: Path, clock: Clock) -> None:
        """Say in which directory it may keep files. Called once, before anything else."""
        self._home, self._clock = home, clock

    @property
    def home(self) -> Path:
        if self._home is None:
            raise RuntimeError("the store was not bound to a directory")
        return self._home

    @property
    @abstractmethod
    def trouble(self) -> str | None:
        """Why samples taken now might not outlive this process, and what to do; else None."""

    @abstractmethod
    def start(self) -> None:
        """Read what is there and begin to keep house. Blocks; raises StoreError."""

    @abstractmethod
    def close(self) -> None:
        """Return when everything that was taken is on disk. Blocks."""

    @abstractmethod
    def layout(self, group: str, labels: Sequence[Labels]) -> Layout:
        """Register series that will come together again. Raises TooManySeriesError."""

    @abstractmethod
    def append_row(self, layout: Layout, at: int, values: Values) -> Receipt:
        """One sample of each series of a layout at one time, in ms; ABSENT is no sample.

        On return the samples survive the death of this process.
        """

    def append(self, group: str, at: int, samples: Mapping[Labels, float]) -> Receipt:
        """The same for samples that come once. Raises TooManySeriesError."""
        layout = self.layout(group, tuple(samples))
        return self.append_row(layout, at, np.fromiter(samples.values(), np.float64, len(samples)))

    @abstractmethod
    def select(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Frame]:
        """As Queryable says. The frames' arrays must not be written to.

        Raises TooManySamplesError.
        """

    def shares(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Share]:
        """As Shared says. Raises TooManySamplesError."""
        return [given(frame) for frame in self.select(matchers, start, end)]

    def watch(self, matchers: tuple[Matcher, ...], start: int, end: int) -> Unchanged | None:
        """Whether `select` would still give what it gives now; None where nobody can know."""
        return None

    @abstractmethod
    def matching(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Labels]:
        """Matching series that may have samples in the range (exact to the block)."""

    def label_names(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[str]:
        found = self.matching(matchers, start, end)
        return sorted({name for labels in found for name, _ in labels})

    def label_values(
        self, name: str, matchers: tuple[Matcher, ...], start: int, end: int
    ) -> list[str]:
        found = self.matching(matchers, start, end)
        return sorted({value for labels in found for key, value in labels if key == name})

    @abstractmethod
    def delete(self, matchers: tuple[Matcher, ...], start: int, end: int) -> None:
        """Forget the matching samples that are there now. Blocks; raises StoreError."""

    @abstractmethod
    def stats(self) -> Stats: ...


store_kinds: Registry[Store] = Registry(
    "opsbook.metrics.stores",
    Store,  # type: ignore[type-abstract]
)
