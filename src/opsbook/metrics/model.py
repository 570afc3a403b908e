"""Series and samples as the store gives them and the evaluator takes them."""

from dataclasses import dataclass
from typing import Protocol

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
