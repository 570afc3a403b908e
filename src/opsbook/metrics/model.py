"""Series and samples as the store gives them and the evaluator takes them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import Labels

Times = NDArray[np.int64]
"""Milliseconds since 1970, strictly increasing."""
Values = NDArray[np.float64]

_STALE_BITS = 0x7FF0000000000002
_ABSENT_BITS = 0x7FF80000000A85E7

STALE: np.float64 = np.array([_STALE_BITS], dtype=np.uint64).view(np.float64)[0]
"""Prometheus' staleness marker: the series ended here. A NaN told apart by its bits."""
ABSENT: np.float64 = np.array([_ABSENT_BITS], dtype=np.uint64).view(np.float64)[0]
"""No sample of this series at this time, though others of its frame have one."""


def is_stale(values: Values) -> NDArray[np.bool_]:
    return np.equal(values.view(np.uint64), _STALE_BITS)


def is_absent(values: Values) -> NDArray[np.bool_]:
    return np.equal(values.view(np.uint64), _ABSENT_BITS)


class Falls(NamedTuple):
    """Cells whose value is below the one before it in the same column, in the order of rows."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Frame:
    """Series that were sampled together, and so share their times.

    `values` is (times × series), time-major: a window over all series is one slice.
    """

    labels: tuple[Labels, ...]
    """One for each column, the metric's name among them."""
    times: Times
    values: Values
    whole: bool
    """Whether every value is a sample: none is absent, none is a staleness marker."""
    falls: Callable[[], Falls | None] | None = None
    """Asks for what is known of them: None if nobody has looked, or if they are too many."""


@dataclass(frozen=True, slots=True)
class Share:
    """One frame of a selection that has not been read yet."""

    samples: int
    """About how many."""
    read: Callable[[], Frame | None]
    """May be called in any thread; None is a frame without a sample."""


def given(frame: Frame) -> Share:
    """A frame that was read already."""
    return Share(frame.values.size, lambda: frame)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label: `op` is `=`, `!=`, `=~` or `!~` (fully anchored RE2)."""

    name: str
    op: str
    value: str


class Queryable(Protocol):
    """Where an evaluator finds samples."""

    def select(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Frame]:
        """Frames with the samples of the matching series in start ≤ time ≤ end, in ms.

        A series stands in exactly one frame; one without a sample in the range in none.
        """
        ...


@runtime_checkable
class Shared(Protocol):
    """Finds samples, and leaves it to the evaluator when they are read, and in which thread.

    What is evaluated as soon as it is decoded is still in the processor's cache, and no more
    than a few frames need to be in memory at a time.
    """

    def shares(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Share]:
        """What `select` gives, frame by frame."""
        ...


@cache
def _keeps_to(kind: type, protocol: type) -> bool:
    """Asked of an object, with each query, it takes as long as a small query."""
    return issubclass(kind, protocol)


def is_shared(queryable: Queryable) -> TypeGuard[Shared]:
    return _keeps_to(type(queryable), Shared)


def is_watchable(queryable: Queryable) -> "TypeGuard[Watchable]":
    return _keeps_to(type(queryable), Watchable)


class Unchanged(Protocol):
    """Says whether what was found would still be found."""

    def __call__(self, *, wait: bool = True) -> bool | None:
        """None only where it is not to wait, and cannot be told at once."""
        ...


@runtime_checkable
class Watchable(Protocol):
    """Knows whether samples are still what they were."""

    def watch(self, matchers: tuple[Matcher, ...], start: int, end: int) -> Unchanged | None:
        """Whether `select` would still give what it gives now; None where nobody can know."""
        ...
