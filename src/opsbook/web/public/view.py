"""The living platform → what the public is told of it."""

import asyncio
import logging
from collections.abc import Iterable, Sequence

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.core.clock import Clock, iso
from opsbook.probes.model import State, worst
from opsbook.services.service import Services
from opsbook.web.public.model import PublicDay, PublicIncident, PublicService, PublicStatus
from opsbook.web.public.past import Days, Past
from opsbook.web.public.settings import StatusPageSettings
from opsbook.web.public.told import told

logger = logging.getLogger(__name__)

_DAY = 86_400.0


class PublicView:
    """Reads as little as it shows."""

    def __init__(
        self,
        settings: StatusPageSettings,
        services: Services,
        past: Past,
        engine: Engine,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self._services, self._past, self._engine, self._clock = services, past, engine, clock

    async def status(self) -> PublicStatus:
        """How it stands now, and how it stood."""
        now, shown = self._clock.now(), self.settings.services
        past, incidents = await asyncio.to_thread(self._read, now)
        states = {name: self._worst_now(each.of) for name, each in shown.items()}
        return PublicStatus(
            title=self.settings.title,
            description=self.settings.description,
            made_at=iso(now),
            state=worst(states.values()).value,
            services=[
                PublicService(
                    name=name,
                    description=each.description,
                    state=states[name].value,
                    days=self._days(each.of, past, now, states[name]),
                )
                for name, each in shown.items()
            ],
            incidents=incidents,
        )

    def _read(self, now: float) -> tuple[Days, list[PublicIncident] | None]:
        """What cannot be read is unknown, and the page still says how it stands now."""
        try:
            past = self._past.days(now)
            since = now - self.settings.history_days * _DAY
            shown = told(self._engine, self.settings, since) if self.settings.incidents else None
        except SQLAlchemyError:
            logger.warning("the past cannot be read for the page of the public", exc_info=True)
            return {}, None
        return past, shown

    def _worst_now(self, services: Iterable[str]) -> State:
        return worst(public(self._services.keepers[name].state()) for name in services)

    def _days(
        self, services: Sequence[str], past: Days, now: float, state: State
    ) -> list[PublicDay]:
        """With what is so now for today: what was read of it may be a minute old."""
        dates = self._past.dates(now)
        states = [
            worst(public(past[name][index]) for name in services if past)
            for index in range(len(dates))
        ]
        known = [each for each in (states.pop(), state) if each is not State.UNKNOWN]
        return [
            PublicDay(day=day.isoformat(), state=each.value)
            for day, each in zip(dates, [*states, worst(known)], strict=True)
        ]


def public(state: State) -> State:
    """What a state means to somebody outside: that a look is late is our own trouble."""
    return State.UNKNOWN if state is State.LATE else state
