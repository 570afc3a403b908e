"""Silences: set, ended, and minded while they last. Who, why and until when is written down."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import Engine

from opsbook.alerts import store
from opsbook.alerts.model import Alert
from opsbook.alerts.routing.matchers import format_matchers
from opsbook.alerts.silences import KEPT, Silence, Silences
from opsbook.core.clock import Clock, iso
from opsbook.core.errors import BadInputError
from opsbook.core.labels import labels_of
from opsbook.state.ledger import Ledger

_WARN_BEFORE = 900.0
"""Seconds before the end of a silence at which it is said that its alert still fires…"""
_WARN_SHARE = 0.25
"""…or this share of its length, if that is less…"""
_WORTH_A_WARNING = 600.0
"""…and nothing is said of one that is shorter than this."""


class Silencing:
    """Changes silences, on disk first, and looks after those that there are."""

    def __init__(self, silences: Silences, engine: Engine, ledger: Ledger, clock: Clock) -> None:
        self._silences = silences
        self._engine, self._ledger, self._clock = engine, ledger, clock
        self._warned: set[str] = set()

    async def set(self, wanted: Silence, actor: str) -> Silence:
        """What became of it. Raises BadInputError."""
        changed = self._silences.changed(wanted, self._clock.now())
        await self._write(changed, actor)
        return changed[-1]

    async def end(self, number: str, actor: str) -> None:
        """Now. Raises BadInputError."""
        known = self._silences.get(number)
        if known is None:
            raise BadInputError(f"silence {number} not found")
        await self._write([self._silences.expired(known, self._clock.now())], actor)

    async def mind(self, firing: Sequence[Alert], now: float) -> list[Alert]:
        """End those whose alerts have ended; alerts about those that will end too early.

        Raises SQLAlchemyError.
        """
        done = self._silences.resolved((alert.labels for alert in firing), now)
        if done:
            await self._write([self._silences.expired(each, now) for each in done], "opsbook")
        found = []
        for silence in self._silences:
            if silence.until_resolved or silence.id in self._warned or not _is_ending(silence, now):
                continue
            met = [alert for alert in firing if silence.id in self._silences.meeting(alert.labels)]
            if met:
                self._warned.add(silence.id)
                found.append(_ending(silence, met, now))
        return found

    async def forget(self, now: float) -> None:
        """Those that ended long ago. Raises SQLAlchemyError."""
        numbers = self._silences.forget(now - KEPT)
        if numbers:
            self._warned.difference_update(numbers)
            await asyncio.to_thread(store.forget_silences, self._engine, numbers)

    async def _write(self, changed: Sequence[Silence], actor: str) -> None:
        for silence in changed:
            content = silence.as_dict()
            await asyncio.to_thread(
                store.save_silence, self._engine, silence.id, content, silence.ends_at
            )
            self._silences.put(silence)
            over = silence.state(self._clock.now()) == "expired"
            self._ledger.record(
                "silence.ended" if over else "silence.set",
                silence.id,
                actor=actor,
                matchers=format_matchers(silence.matchers),
                starts_at=iso(silence.starts_at),
                ends_at=iso(silence.ends_at),
                created_by=silence.created_by,
                comment=silence.comment,
                until_resolved=silence.until_resolved,
                interval=silence.interval,
            )


def _is_ending(silence: Silence, now: float) -> bool:
    length = silence.ends_at - silence.starts_at
    before = min(_WARN_BEFORE, length * _WARN_SHARE)
    active = silence.state(now) == "active"
    return active and length >= _WORTH_A_WARNING and silence.ends_at - now <= before


def _ending(silence: Silence, met: Sequence[Alert], now: float) -> Alert:
    """An alert of our own: what was silenced will be heard again soon."""
    names = ", ".join(sorted({alert.name for alert in met})[:5])
    labels = {"alertname": "SilenceEnds", "severity": "info", "silence": silence.id}
    minutes = round((silence.ends_at - now) / 60)
    said = {
        "summary": f"A silence ends in {minutes} min while {names} still fires",
        "description": f"{silence.created_by} silenced it: {silence.comment}",
    }
    return Alert(labels_of(labels), labels_of(said), now, silence.ends_at, now)
