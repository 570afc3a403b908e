"""How often a runbook may run by itself, by clocks that are set as people like."""

from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import Connection, select

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.core.jumps import Steady
from opsbook.core.units import format_duration
from opsbook.runbooks.settings import Limits
from opsbook.runbooks.store import runs

_NEWEST = 1000
"""Runs of one runbook that are looked at."""
_REMEMBERED = 10_000
"""Runs of this life of which it is known when they were, whatever the clock said."""


@dataclass(frozen=True, slots=True)
class _Times:
    requested: float
    ended: float | None


@dataclass
class _Moments:
    requested: float | None = None
    ended: float | None = None


class Limiting:
    """A time that was written down in this life passes as time does. One of an earlier life is
    taken as it stands, but for one that has yet to come: that was when this life began."""

    def __init__(self, clock: Clock) -> None:
        self._steady = Steady(clock)
        self._known: OrderedDict[str, _Moments] = OrderedDict()

    def ended(self, run: str) -> None:
        """Now."""
        self._of(run).ended = self._steady.now()

    def hold_against(self, connection: Connection, run: str, runbook: str, limits: Limits) -> None:
        """Raises BadInputError where a new run of it is one too many now; else this is one."""
        now, found = self._steady.now(), self._runs(connection, runbook)
        if other := next((number for number, each in found.items() if each.ended is None), None):
            raise BadInputError(f"runbook {runbook} runs by itself already: {other}")
        last = max((each.ended for each in found.values() if each.ended is not None), default=None)
        if last is not None and now < last + limits.cooldown:
            left = format_duration(last + limits.cooldown - now)
            raise BadInputError(f"runbook {runbook} ran by itself just now: again in {left}")
        recent = [each for each in found.values() if each.requested > now - limits.per]
        if len(recent) >= limits.at_most:
            raise BadInputError(
                f"runbook {runbook} ran by itself {limits.at_most} times within "
                f"{format_duration(limits.per)}: somebody has to look"
            )
        self._of(run).requested = now

    def _of(self, run: str) -> _Moments:
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return self._known.setdefault(run, _Moments())

    def _runs(self, connection: Connection, runbook: str) -> dict[str, _Times]:
        wanted = (runs.c.runbook == runbook, runs.c.unattended.is_(True))
        query = select(runs.c.id, runs.c.requested_at, runs.c.ended_at).where(*wanted)
        rows = connection.execute(query.order_by(runs.c.requested_at.desc()).limit(_NEWEST))
        return {row.id: self._times(row.id, row.requested_at, row.ended_at) for row in rows}

    def _times(self, run: str, requested: float, ended: float | None) -> _Times:
        known, began = self._known.get(run, _Moments()), self._steady.began
        asked = min(requested, began) if known.requested is None else known.requested
        if ended is not None:
            ended = min(ended, began) if known.ended is None else known.ended
        return _Times(asked, ended)
