"""One query while it runs: its times, its limits, what it has to remark."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from opsbook.metrics.model import (
    Matcher,
    Queryable,
    Share,
    Times,
    Unchanged,
    given,
    is_shared,
    is_watchable,
)
from opsbook.metrics.promql.durations import Duration, Span
from opsbook.metrics.promql.errors import QueryError, bad_query, failed
from opsbook.metrics.promql.nodes import At, When
from opsbook.metrics.store import TooManySamplesError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a query may use up before it is stopped."""

    samples: int = 50_000_000
    """Read from the store, and made by each selector and subquery."""
    steps: int = 11_000
    seconds: float = 120.0
    lookback: int = 300_000
    """Milliseconds for which a sample stands for its series."""
    subquery_step: int = 60_000
    """Milliseconds between the steps of a subquery that names none."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The times, in ms, at which an expression is evaluated."""

    times: Times

    @property
    def steps(self) -> int:
        return len(self.times)


@dataclass(slots=True)
class Query:
    """`warnings` and `infos` collect, each once, what the caller should know."""

    queryable: Queryable
    limits: Limits
    start: int
    end: int
    step: int
    deadline: float
    """Of the monotonic clock."""
    cancelled: Callable[[], bool]
    warnings: dict[str, None] = field(default_factory=dict)
    infos: dict[str, None] = field(default_factory=dict)
    touched: int = 0
    watches: list[Unchanged | None] = field(default_factory=list)
    """For each selection that was made, whether it would still find the same."""
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def shares(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Share]:
        """The frames of a selection, if it can be so not read yet. Raises QueryError."""
        # Before anything is read: what changes meanwhile must be seen.
        self.watches.append(
            self.queryable.watch(matchers, start, end) if is_watchable(self.queryable) else None
        )
        try:
            if is_shared(self.queryable):
                return self.queryable.shares(matchers, start, end)
            return [given(frame) for frame in self.queryable.select(matchers, start, end)]
        except TooManySamplesError as error:
            raise failed(str(error)) from None

    def check(self) -> None:
        """Raises QueryError when the query's time is over or nobody waits for it."""
        if time.monotonic() > self.deadline:
            raise QueryError("timeout", "query timed out in expression evaluation")
        if self.cancelled():
            raise QueryError("canceled", "query was canceled in expression evaluation")

    def touch(self, samples: int) -> None:
        """To be called before the samples are made. Raises QueryError beyond the limit."""
        self.check()
        with self._counting:
            self.touched += samples
        if self.touched > self.limits.samples:
            raise failed(
                "query processing would load too many samples into memory in query execution"
            )

    def warn(self, message: str, place: str) -> None:
        self.warnings[f"PromQL warning: {message} ({place})"] = None

    def inform(self, message: str, place: str) -> None:
        self.infos[f"PromQL info: {message} ({place})"] = None

    def milliseconds(self, duration: Duration) -> int:
        return duration.milliseconds(Span(self.step / 1000, (self.end - self.start) / 1000))

    def looks_at(self, when: When, grid: Grid) -> Times:
        """The time at which a selector looks, for each step."""
        offset = 0 if when.offset is None else self.milliseconds(when.offset)
        if when.at is None:
            return grid.times - offset
        return np.full(grid.steps, self._time(when.at) - offset, dtype=np.int64)

    def _time(self, at: At) -> int:
        if at == "start":
            return self.start
        if at == "end":
            return self.end
        if abs(at) > 9.2e15:
            raise bad_query(f"timestamp out of bounds for @ modifier: {at:f}")
        return round(at * 1000)
