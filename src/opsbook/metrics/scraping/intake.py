"""What a target exposes → rows in the store, and the series that tell how the scrape went."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.exposition.model import NO_TIME, Exposition
from opsbook.metrics.model import Times, Values
from opsbook.metrics.scraping.naming import Named, Naming, Places, RefusedError
from opsbook.metrics.scraping.table import Table
from opsbook.metrics.scraping.target import Target
from opsbook.metrics.scraping.timed import Timed
from opsbook.metrics.store import Store, TooManySeriesError

_REPORT = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)


@dataclass(slots=True)
class _Counts:
    """The last three of the report."""

    scraped: int = 0
    remaining: int = 0
    added: int = 0


@dataclass(frozen=True, slots=True)
class _Split:
    """Samples at the time of the scrape, and those with times of their own."""

    named: Named
    timed: bytes
    """Which of the named are timed, to tell whether the next exposition is the same."""
    plain_labels: tuple[Labels, ...]
    plain_places: Places
    timed_labels: tuple[Labels, ...]
    timed_places: Places


class Intake:
    """One target's way into the store. Used by one thread at a time; times are in ms."""

    def __init__(self, target: Target, store: Store) -> None:
        self._config = target.config
        public = tuple(pair for pair in target.labels if not pair[0].startswith("__"))
        own = tuple(labels_of({**dict(public), NAME: name}) for name in _REPORT)
        self._naming = Naming(target.config, public)
        self._table = Table(store, target.key, own)
        self._timed = Timed(store, target.key)
        self._split: _Split | None = None
        self._last: Named | None = None
        """The series of the last exposition that could be named."""

    @property
    def live(self) -> tuple[Labels, ...]:
        return (*self._table.live, *self._timed.live)

    def take(self, at: int, duration: float, exposition: Exposition) -> Counter[str]:
        """One row of all; what the store refused: reason → samples. Duration in seconds.

        Raises RefusedError when the row says that the scrape failed, and StoreError.
        """
        counts = _Counts(len(exposition.labels) + exposition.repeated)
        try:
            return self._take(at, duration, exposition, counts)
        except (RefusedError, TooManySeriesError) as error:
            self.fail(at, duration, counts)
            raise RefusedError(str(error)) from None

    def fail(self, at: int, duration: float, counts: _Counts | None = None) -> Counter[str]:
        """The target is down: `up` is 0, and what was live has ended. Raises StoreError."""
        counts = counts or _Counts()
        if self._config.track_timestamps_staleness:
            self._timed.end(at)
        return Counter(self._table.append(at, _report(False, duration, counts)).refused)

    def end(self, at: int, others: Collection[Labels] = ()) -> None:
        """The target is gone: all has ended that others do not go on with. Raises StoreError."""
        if self._config.track_timestamps_staleness:
            self._timed.end(at, others)
        self._table.end(at, others)

    def _take(
        self, at: int, duration: float, exposition: Exposition, counts: _Counts
    ) -> Counter[str]:
        named = self._naming.name(exposition.labels)
        counts.remaining = named.remaining + exposition.repeated
        if named is not self._last:
            known = self._last.labels if self._last else ()
            counts.added = len(set(named.labels).difference(known))
            self._last = named
        limit = self._config.sample_limit
        if 0 < limit < named.remaining:
            raise RefusedError(
                f"{named.remaining} samples, more than sample_limit, {limit}; drop some with "
                "metric_relabel_configs or raise sample_limit"
            )
        return self._put(at, duration, exposition, named, counts)

    def _put(
        self, at: int, duration: float, exposition: Exposition, named: Named, counts: _Counts
    ) -> Counter[str]:
        times = exposition.times if self._config.honor_timestamps else None
        split = self._split_up(named, times)
        refused: Counter[str] = Counter()
        if self._timed.live and self._config.track_timestamps_staleness:
            self._timed.end(at, named.labels)
        if times is not None and split.timed_labels:
            places = split.timed_places
            refused = self._timed.append(
                split.timed_labels, exposition.values[places], times[places]
            )
        own = _report(True, duration, counts)
        values = exposition.values[split.plain_places]
        return refused + Counter(self._table.append(at, own, split.plain_labels, values).refused)

    def _split_up(self, named: Named, times: Times | None) -> _Split:
        """The same object as long as the same series have times."""
        timed = times is not None and times[named.places] != NO_TIME
        known, said = self._split, np.asarray(timed).tobytes()
        if known is None or known.named is not named or known.timed != said:
            known = self._split = _split(named, np.broadcast_to(timed, len(named.places)), said)
        return known


def _split(named: Named, timed: NDArray[np.bool_], said: bytes) -> _Split:
    if not timed.any():
        return _Split(named, said, named.labels, named.places, (), named.places[:0])
    apart = [np.flatnonzero(mask) for mask in (~timed, timed)]
    plain, own = (tuple(named.labels[one] for one in places.tolist()) for places in apart)
    return _Split(named, said, plain, named.places[apart[0]], own, named.places[apart[1]])


def _report(up: bool, duration: float, counts: _Counts) -> Values:
    return np.array([up, duration, counts.scraped, counts.remaining, counts.added], np.float64)
