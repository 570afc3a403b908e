"""Changes of a state as bars over a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from opsbook.probes.model import State, worst
from opsbook.services.history.changes import Change

_SERVES = (State.UP, State.DEGRADED)
_KNOWN = (*_SERVES, State.DOWN)
"""States that say whether it serves. Whoever is late or cannot find out does not know."""
_NOTHING = 1e-6
"""Seconds below which two moments are one: what floats make of milliseconds."""

Span = tuple[float, float, Change]


@dataclass(slots=True)
class Bar:
    """The part of a time from `start` on."""

    start: float
    state: State = State.UNKNOWN
    """The worst that was held in it; UNKNOWN where nothing was known."""
    known_percent: float = 0.0
    """For how much of it a state was known."""
    causes: list[Change] = field(default_factory=list)
    """What made the trouble in it, the worst first."""


@dataclass(frozen=True, slots=True)
class History:
    """How something stood. Times in seconds since 1970."""

    start: float
    end: float
    bar_seconds: float
    bars: Sequence[Bar]
    availability_percent: float | None
    """None where nothing was known."""


def history(changes: Sequence[Change], start: float, end: float, count: int) -> History:
    """`changes` in the order of their moments, also from before the start."""
    width = (end - start) / count
    spans = list(_spans(changes, start, end))
    bars = [_bar(start + number * width) for number in range(count)]
    for number, within in enumerate(_by_bar(spans, start, width, count)):
        _fill(bars[number], within, width)
    return History(start, end, width, bars, _availability(spans))


def _bar(start: float) -> Bar:
    return Bar(start)


def _spans(changes: Sequence[Change], start: float, end: float) -> Iterator[Span]:
    """Each change with when it began and ceased to hold, within the time."""
    ends = [after.at for _, after in pairwise(changes)]
    for change, until in zip(changes, [*ends, end], strict=False):
        begin, finish = max(change.at, start), min(until, end)
        if finish - begin > _NOTHING:
            yield begin, finish, change


def _by_bar(spans: Sequence[Span], start: float, width: float, count: int) -> Iterator[list[Span]]:
    """For each bar the spans in it, cut to it."""
    found: list[list[Span]] = [[] for _ in range(count)]
    for begin, finish, change in spans:
        first = max(int((begin - start) / width) - 1, 0)
        for number in range(first, count):
            bar_begin = start + number * width
            if bar_begin >= finish:
                break
            inner_begin, inner_end = max(begin, bar_begin), min(finish, bar_begin + width)
            if inner_end - inner_begin > _NOTHING:
                found[number].append((inner_begin, inner_end, change))
    yield from found


def _fill(bar: Bar, spans: Sequence[Span], width: float) -> None:
    held = {change.held for _, _, change in spans if change.held is not None}
    bar.state = worst(held)
    known = sum(end - begin for begin, end, change in spans if change.held is not None)
    bar.known_percent = min(100.0 * known / width, 100.0)
    causes = [change for _, _, change in spans if _is_cause(change, known=bool(held))]
    if len(causes) > 1:
        causes.sort(key=lambda each: (-each.state.severity, each.at))
    bar.causes = causes


def _is_cause(change: Change, *, known: bool) -> bool:
    """That nobody watched is no reason for what was found while somebody did."""
    if change.held is None:
        return not known
    return change.state is not State.UP and change.held is not State.UP


def _availability(spans: Sequence[Span]) -> float | None:
    known = sum(end - begin for begin, end, change in spans if change.held in _KNOWN)
    serves = sum(end - begin for begin, end, change in spans if change.held in _SERVES)
    return 100.0 * serves / known if known else None
