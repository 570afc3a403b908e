"""How services stood on each of the last days, out of the ledger."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from opsbook.probes.model import State
from opsbook.services.history.reader import HistoryReader

_DAY = 86_400.0
_TODAY_FOR = 60.0
"""Seconds: reading it takes longer the longer the watch has run, and people reload pages."""

Days = Mapping[str, Sequence[State]]
"""Service → the worst state of each day, oldest first, today last."""


class Past:
    """Remembers what it read: days that are over until midnight, today for a minute."""

    def __init__(
        self, reader: HistoryReader, checks: Mapping[str, Collection[str]], count: int
    ) -> None:
        """`checks` of the services that are wanted; `count` days, today among them."""
        self._reader, self._checks, self._count = reader, checks, count
        self._over, self._today = _Read(), _Read()

    def dates(self, now: float) -> list[date]:
        """The days themselves, in UTC."""
        today = datetime.fromtimestamp(now, UTC).date()
        return [today - timedelta(days=back) for back in reversed(range(self._count))]

    def days(self, now: float) -> Days:
        """Blocks. Raises SQLAlchemyError."""
        midnight, whole = now - now % _DAY, self._count - 1
        if now >= self._over.until:
            start = midnight - whole * _DAY
            self._over = _Read(self._states(start, midnight, whole), midnight + _DAY)
        if now >= self._today.until:
            # At midnight itself today has not lasted at all.
            states = self._states(midnight, max(now, midnight + 1.0), 1)
            self._today = _Read(states, min(now + _TODAY_FOR, midnight + _DAY))
        return {name: [*self._over.days[name], *self._today.days[name]] for name in self._checks}

    def _states(self, start: float, end: float, bars: int) -> Days:
        if not bars:
            return {name: [] for name in self._checks}
        found = self._reader.services(self._checks, start, end, bars)
        return {name: [bar.state for bar in history.bars] for name, history in found.items()}


@dataclass(frozen=True, slots=True)
class _Read:
    days: Days = field(default_factory=dict)
    until: float = 0.0
    """Good until then, in seconds since 1970."""
