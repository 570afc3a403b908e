"""A day of samples: 2,100 series of ten targets, the same in every process and every run.

The values depend on the seed alone; the day is the one before yesterday, so that every store
takes it as history.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.model import Times, Values

DAY = 86_400_000
STEP = 15_000
_SEED = 20_260_101
_JOBS = 10
_COUNTERS = 100
_HISTOGRAMS = 10
_BOUNDS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf")
_GAUGES = 10
_RESTARTED = {3: 0.37, 6: 0.81}
"""Jobs whose counters begin again from zero, and at which part of the day."""


@dataclass(frozen=True, slots=True)
class Target:
    """What one scrape of one target gives, again and again."""

    name: str
    labels: tuple[Labels, ...]
    times: Times
    values: Values
    """Times × series."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is covered, in ms since 1970."""

    start: int
    end: int

    @property
    def rows(self) -> int:
        return (self.end - self.start) // STEP


def span(hours: int) -> Span:
    """So many hours up to the midnight (UTC) at which yesterday began."""
    end = int(time.time() * 1000) // DAY * DAY - DAY
    return Span(end - hours * 3_600_000, end)


def targets(covered: Span) -> Iterator[Target]:
    """Each is scraped at its own moment within the 15 s, as Prometheus spreads its targets."""
    for job in range(_JOBS):
        random = np.random.default_rng([_SEED, job])
        offset = int(random.integers(1, STEP))
        times = covered.start + offset + STEP * np.arange(covered.rows, dtype=np.int64)
        columns = [
            _counters(random, covered.rows, job),
            _histograms(random, covered.rows),
            _gauges(random, covered.rows),
        ]
        yield Target(f"job-{job}", _labels(job), times, np.concatenate(columns, axis=1))


def _labels(job: int) -> tuple[Labels, ...]:
    own = {"job": f"job-{job}", "instance": f"host-{job}:9100"}
    counters = [
        {NAME: "x", **own, "path": f"/api/v1/resource/{number}", "code": "200"}
        for number in range(_COUNTERS)
    ]
    buckets = [
        {NAME: "b_bucket", **own, "path": f"/api/v1/resource/{number}", "le": bound}
        for number in range(_HISTOGRAMS)
        for bound in _BOUNDS
    ]
    gauges = [{NAME: "g", **own, "device": f"disk-{number}"} for number in range(_GAUGES)]
    return tuple(map(labels_of, [*counters, *buckets, *gauges]))


def _counters(random: np.random.Generator, rows: int, job: int) -> Values:
    """Requests: from one in a minute to thirty a second, more of them by day than by night."""
    mean = np.exp(random.uniform(np.log(0.25), np.log(450), _COUNTERS))
    counted = random.poisson(mean * _daytime(rows)[:, None])
    totals = counted.cumsum(axis=0) + random.integers(0, 1_000_000, _COUNTERS)
    if job in _RESTARTED:
        row = int(rows * _RESTARTED[job])
        totals[row:] -= totals[row]
    return totals.astype(np.float64)


def _histograms(random: np.random.Generator, rows: int) -> Values:
    """Durations: most in the middle buckets, all of them together about ten a scrape."""
    shares = random.dirichlet(np.array([1, 2, 4, 8, 8, 4, 2, 1, 0.5, 0.2]) * 2, _HISTOGRAMS)
    mean = shares * np.exp(random.uniform(np.log(1), np.log(100), _HISTOGRAMS))[:, None]
    counted = random.poisson(mean * _daytime(rows)[:, None, None])
    return counted.cumsum(axis=2).cumsum(axis=0).reshape(rows, -1).astype(np.float64)


def _gauges(random: np.random.Generator, rows: int) -> Values:
    """Percentages with two digits that wander."""
    steps = random.normal(0, 0.3, (rows, _GAUGES)).cumsum(axis=0)
    folded = np.abs((steps + random.uniform(0, 200, _GAUGES)) % 200 - 100)
    return np.asarray(np.round(folded, 2), np.float64)


def _daytime(rows: int) -> Values:
    passed = np.arange(rows) * STEP / DAY
    return np.asarray(1 - 0.6 * np.cos(2 * np.pi * passed))
