"""The daily page: proof that a person is reached, every day, before it matters."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.alerts.acknowledgements import Acknowledgement
from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.model import Alert
from opsbook.alerts.templates.times import zone_of
from opsbook.alerts.watcher.page_route import PAGE
from opsbook.alerts.watcher.settings import PageSettings
from opsbook.core.clock import Clock
from opsbook.core.labels import labels_of
from opsbook.metrics.durations import format_duration
from opsbook.state.chain import Entry
from opsbook.state.database import reading
from opsbook.state.ledger import Ledger, read_entries

logger = logging.getLogger(__name__)

_TICK = 1.0
_LATE = 3600.0
"""Seconds: a page that is later than this, for nobody watched, is left out for the day."""
_A_DAY = 86_400.0
_LEDGER_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that was sent and has not been answered."""

    day: str
    sent_at: float
    """When it was due, in seconds since 1970."""
    overdue: bool = False
    """Whether the alarm was raised."""


class DailyPage:
    """Sends it, waits for somebody, raises the alarm. What it knows is in the ledger."""

    def __init__(
        self,
        settings: PageSettings,
        alerting: Alerting,
        engine: Engine,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        """Blocks: reads what became of the last page."""
        self._settings, self._alerting = settings, alerting
        self._ledger, self._clock = ledger, clock
        self._zone = zone_of(settings.zone)
        self._last_day, self._open = _remembered(engine)

    async def run(self) -> None:
        """Page every day until cancelled."""
        while True:
            try:
                await self.tick()
            except SQLAlchemyError as error:
                # It is tried again, and alerting says itself that it cannot write.
                logger.warning("the daily page waits: %s", getattr(error, "orig", None) or error)
            await asyncio.sleep(_TICK)

    async def tick(self) -> None:
        """What is to be done now. Raises SQLAlchemyError where alerts cannot be written down."""
        if self._open is not None:
            await self._look_after(self._open)
        now = self._clock.now()
        for day, moment in self._moments(now):
            if day > self._last_day and moment <= now < moment + _LATE:
                await self._send(day, moment)

    def _moments(self, now: float) -> Iterator[tuple[str, float]]:
        """Yesterday's and today's: a page of 23:59 may be sent after midnight."""
        today = datetime.fromtimestamp(now, self._zone).date()
        for day in (today - timedelta(days=1), today):
            yield day.isoformat(), self._moment(day)

    def _moment(self, day: date) -> float:
        at = time.fromisoformat(self._settings.at)
        return datetime.combine(day, at, self._zone).timestamp()

    async def _send(self, day: str, moment: float) -> None:
        if self._open is not None:
            await self._end(self._page(self._open))
        page = _Page(day, moment)
        # Sent again after a crash in between it is the same alert, and nobody is told twice.
        await self._alerting.put([self._page(page)])
        self._last_day, self._open = day, page
        await self._recorded(
            self._ledger.record(
                "page.sent", self._settings.receiver, day=day, due_at=moment, alert=PAGE
            )
        )

    async def _look_after(self, page: _Page) -> None:
        known = self._alerting.acknowledgements.get(self._page(page).fingerprint)
        if known is not None:
            await self._answered(page, known)
        elif not page.overdue and self._late(page):
            await self._raise_alarm(page)

    def _late(self, page: _Page) -> bool:
        return self._clock.now() >= page.sent_at + self._settings.acknowledge_within

    async def _answered(self, page: _Page, by: Acknowledgement) -> None:
        # First of all: an end makes the acknowledgement go away.
        await self._recorded(
            self._ledger.record(
                "page.answered",
                self._settings.receiver,
                actor=by.by,
                day=page.day,
                after_seconds=round(by.at - page.sent_at, 3),
            )
        )
        self._open = None
        await self._end(self._page(page))
        await self._end(self._alarm(page))

    async def _raise_alarm(self, page: _Page) -> None:
        await self._alerting.put([self._alarm(page)])
        self._open = _Page(page.day, page.sent_at, overdue=True)
        await self._recorded(
            self._ledger.record(
                "page.unanswered",
                self._settings.receiver,
                day=page.day,
                within_seconds=self._settings.acknowledge_within,
            )
        )

    async def _end(self, alert: Alert) -> None:
        now = self._clock.now()
        known = self._alerting.board.alerts.get(alert.fingerprint)
        if known is not None and not known.resolved(now):
            ended = Alert(known.labels, known.annotations, known.starts_at, now, now)
            await self._alerting.put([ended])

    def _page(self, page: _Page) -> Alert:
        within = format_duration(self._settings.acknowledge_within)
        said = {
            "summary": f"Nothing is wrong: acknowledge this page within {within}",
            "description": f"opsbook alert ack {PAGE}",
        }
        labels = {"alertname": PAGE, "severity": "info", "day": page.day}
        return self._alert(labels, said, page.sent_at, page.sent_at + _A_DAY)

    def _alarm(self, page: _Page) -> Alert:
        who = self._settings.receiver
        said = {
            "summary": f"Nobody has acknowledged the daily page to {who}",
            "description": f"The page of {page.day} was sent; see whether {who} gets any.",
        }
        labels = {"alertname": f"{PAGE}Unanswered", "severity": "critical", "page_receiver": who}
        due = page.sent_at + self._settings.acknowledge_within
        # Until the next page has had its time.
        return self._alert(labels, said, due, due + _A_DAY + _LATE)

    def _alert(
        self, labels: dict[str, str], said: dict[str, str], starts: float, ends: float
    ) -> Alert:
        return Alert(labels_of(labels), labels_of(said), starts, ends, self._clock.now())

    async def _recorded(self, entry: "asyncio.Future[Entry]") -> None:
        try:
            async with asyncio.timeout(_LEDGER_DEADLINE):
                await asyncio.shield(entry)
        except TimeoutError:
            logger.warning("the ledger has not taken what became of the daily page")


def _remembered(engine: Engine) -> tuple[str, _Page | None]:
    """The day of the last page, and the page itself if nobody has answered it."""
    with reading(engine) as connection:
        sent, answered, unanswered = (
            next((entry.as_dict()["body"] for entry in found), None)
            for kind in ("page.sent", "page.answered", "page.unanswered")
            for found in (read_entries(connection, kind=kind, last=1),)
        )
    if sent is None:
        return "", None
    day = sent["day"]
    if answered is not None and answered["day"] == day:
        return day, None
    overdue = unanswered is not None and unanswered["day"] == day
    return day, _Page(day, sent["due_at"], overdue)
