"""What a whole scrape says."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.metadata import Metadata
from opsbook.metrics.model import Times, Values

NO_TIME = int(np.iinfo(np.int64).min)
"""Stands in `times` for a line without a timestamp. No format can write it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one scrape may hold; more is refused. How large it is, who fetches it sees to."""

    samples: int = 200_000
    lines: int = 1_000_000
    """Comments and empty lines among them."""
    line_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exposition:
    """The arrays are the caller's own; labels and metadata are shared with later reads."""

    labels: tuple[Labels, ...]
    """With the metric's name and with empty values, in order of first appearance. The same
    object as at the read before when the lines name the same series in the same order."""
    values: Values
    """Never STALE or ABSENT: whatever NaN is written is the plain one."""
    times: Times | None
    """Milliseconds, NO_TIME where a line has none; None when no line has one."""
    metadata: Mapping[str, Metadata]
    """By the name of the family as exposed. The same object as before when nothing changed."""
    repeated: int
    """Lines that name a series which stood there already: the first one counts."""
