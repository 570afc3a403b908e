"""What runbooks act through where `opsbook up` runs: this platform's own rooms."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.model import Alert
from opsbook.app.patience import patiently
from opsbook.backups.recovery import Recovery
from opsbook.backups.service import Backups
from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError, OpsbookError, hint_for
from opsbook.core.labels import labels_of
from opsbook.durable.jobs.jobs import Jobs
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.result import Result
from opsbook.metrics.querier import Querier
from opsbook.probes.model import Outcome
from opsbook.probes.watch import Watch
from opsbook.runbooks.action import ActionUnknownError
from opsbook.runbooks.hands import Hands, Ordered, Verb
from opsbook.services.controller import ControllerError
from opsbook.services.keeper import Keeper
from opsbook.services.orders import Order
from opsbook.services.service import Services

_MOST_SERIES = 10_000
_SHOWN_FOR = 60.0
"""Seconds for which what is told counts as firing: it is a remark, and ends by itself."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """Those that runbooks reach into."""

    watch: Watch
    querier: Querier
    services: Services
    alerting: Alerting
    backups: Backups | None = None


class AppHands(Hands):
    """Everything that the book declares is at hand here."""

    def __init__(self, rooms: Rooms, jobs: Jobs, directory: str, clock: Clock) -> None:
        self.clock, self.jobs, self.directory = clock, jobs, directory
        self._rooms = rooms

    async def look(self, check: str) -> Outcome:
        self._known("check", check, self._rooms.watch.checks)
        return await self._rooms.watch.look(check)

    async def query(self, expression: str) -> Sequence[tuple[Mapping[str, str], float]]:
        at = int(self.clock.now() * 1000)
        try:
            result = await asyncio.to_thread(self._rooms.querier.instant, expression, at)
        except QueryError as error:
            raise BadInputError(f"query {expression!r}: {error}") from None
        return _values(expression, result)

    async def standing(self, service: str) -> str:
        keeper = self._keeper(service)
        instance = keeper.instance.name if keeper.instance else "no process"
        parts = [keeper.phase.value, instance, keeper.message]
        return ", ".join(part for part in parts if part)

    async def replicas(self, service: str) -> int | None:
        return await self._keeper(service).controller.replicas()

    async def order(
        self,
        service: str,
        verb: Verb,
        *,
        by: str,
        why: str,
        key: str,
        replicas: int | None = None,
    ) -> Ordered:
        self._keeper(service)
        order = Order(verb, by, why, replicas, key=key)
        try:
            done = await self._rooms.services.order(service, order)
        except (BadInputError, ControllerError):
            raise  # it was not begun
        except OpsbookError as error:
            raise ActionUnknownError(str(error)) from None
        before, after = (each or "nothing" for each in (done.before, done.after))
        return Ordered(bool(done.verified), before, after, done.message, done.evidence)

    async def notify(self, receiver: str, subject: str, text: str, key: str) -> str:
        self._known("receiver", receiver, self._rooms.alerting.setup.receivers)
        alert = self._notice(subject, text, key)
        pager, group = self._rooms.alerting.pager, f"runbook {key}"
        count = await patiently(
            f"notice {key}", lambda: pager.tell(receiver, group, alert.labels, alert, key)
        )
        return f"handed to the outbox for {count} entries of {receiver}"

    def recovery(self, set_name: str) -> Recovery:
        if self._rooms.backups is None:
            return super().recovery(set_name)
        return Recovery(self._rooms.backups.vault, set_name)

    def _notice(self, subject: str, text: str, key: str) -> Alert:
        """Notices tell of alerts, so that every receiver and template knows what to do."""
        now = self.clock.now()
        labels = {"alertname": subject, "severity": "info", "notice": key}
        said = {"summary": subject, "description": text}
        return Alert(labels_of(labels), labels_of(said), now, now + _SHOWN_FOR, now)

    def _keeper(self, service: str) -> Keeper:
        self._known("service", service, self._rooms.services.keepers)
        return self._rooms.services.keepers[service]

    def _known(self, thing: str, name: str, known: Mapping[str, object]) -> None:
        if name not in known:
            hint = hint_for(name, known)
            raise BadInputError(f"no such {thing} (got {name!r}): {hint}")


def _values(expression: str, result: Result) -> list[tuple[Mapping[str, str], float]]:
    """The last value of each series. Raises BadInputError for what is no vector."""
    if result.type not in ("vector", "scalar"):
        raise BadInputError(f"query {expression!r} gives a {result.type}, not a vector or a number")
    if len(result.series) > _MOST_SERIES:
        count = len(result.series)
        raise BadInputError(f"query {expression!r} gives {count} series, at most {_MOST_SERIES}")
    return [(dict(each.labels), float(each.values[-1])) for each in result.series]
