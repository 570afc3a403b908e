"""Responses as a whole: the fix is tried and proved first, and people are told if it failed."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.events import AlertFired
from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.core.events import Bus
from opsbook.core.jumps import Noticing
from opsbook.incidents.service import Incidents
from opsbook.response.aftermath import Aftermath
from opsbook.response.asking import Asking, why
from opsbook.response.attempt import Attempt, Stage
from opsbook.response.choice import Choice
from opsbook.response.holds import Holds
from opsbook.response.past import earlier
from opsbook.response.readiness import Readiness
from opsbook.response.settings import ResponseSettings
from opsbook.response.story import proved, story, trouble
from opsbook.runbooks.model import RunView
from opsbook.runbooks.service import Runbooks
from opsbook.services.events import NeedsPerson, ServiceDied, ServiceUnwell, ServiceVerified
from opsbook.services.service import Services
from opsbook.state.chain import Entry
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_LOOK_EVERY = 0.25
_REMEMBERED = 7 * 86_400.0
_WRITTEN_WITHIN = 30.0
_FOR_PEOPLE = ("approval", "decision")
"""What a run waits for that nobody would give it as long as nobody is told."""


class Responses:
    """Built on what an earlier life left in the ledger; `run` goes on with it."""

    def __init__(
        self,
        responses: Sequence[ResponseSettings],
        service_of: Mapping[str, str],
        incidents: Incidents,
        alerting: Alerting,
        runbooks: Runbooks,
        opened: asyncio.Event,
        services: Services,
        engine: Engine,
        ledger: Ledger,
        bus: Bus,
        clock: Clock,
    ) -> None:
        """Blocks. `service_of`: check → the service that it is about; `opened` is set while runs
        are carried. From now on nobody is told of what is tried to be mended first."""
        self._alerting, self._incidents = alerting, incidents
        # By alerting's own, an alert that fires does not end when the time is set.
        clock = alerting.clock
        self._ledger, self._clock = ledger, Noticing(clock, lambda by: self.holds.shift(by))
        choice = Choice(responses, incidents.settings, service_of)
        known = earlier(engine, choice, clock.now() - _REMEMBERED)
        self.holds = Holds(choice, known, self._is_audible, self._clock)
        self._asking, self._opened = Asking(runbooks), opened
        self._readiness = Readiness(self.holds, alerting, incidents, services, self._clock)
        self._aftermath = Aftermath(self.holds, alerting, incidents, engine, clock)
        self._began: dict[str, float] = {}
        """Service → when its trouble began, until it is verified."""
        alerting.mender = self.holds
        incidents.tried_by(self.holds)
        bus.subscribe(AlertFired, self._fired)
        bus.subscribe(ServiceDied, lambda event: self._fell(event.service))
        bus.subscribe(ServiceUnwell, lambda event: self._fell(event.service))
        bus.subscribe(NeedsPerson, lambda event: self._died(event.service))
        bus.subscribe(ServiceVerified, lambda event: self._rose(event.service))

    async def run(self) -> None:
        """Answer until cancelled; runs that were asked for go on without this."""
        async with asyncio.TaskGroup() as group:
            for attempt in tuple(self.holds.attempts.values()):
                if attempt.stage is not Stage.PENDING:
                    group.create_task(self._carry(attempt), name=attempt.response.title)
            for alert in tuple(self._alerting.board.alerts.values()):
                self.holds.holds(alert)  # nobody announces what an earlier life was told of
            group.create_task(self._keep_house(), name="holds")
            while True:
                self.holds.arrived.clear()
                for attempt in self.holds.take():
                    group.create_task(self._carry(attempt), name=attempt.response.title)
                await self.holds.arrived.wait()

    def _fired(self, event: AlertFired) -> None:
        self.holds.see(event.alert)

    def _fell(self, service: str) -> None:
        self._began.setdefault(service, self._clock.now())

    def _died(self, service: str) -> None:
        self.holds.die(service, self._began.get(service, self._clock.now()))

    def _rose(self, service: str) -> None:
        self._began.pop(service, None)
        self.holds.revive(service)

    def _is_audible(self, fingerprint: str) -> bool:
        alert = self._alerting.board.alerts.get(fingerprint)
        firing = alert is not None and not alert.resolved(self._clock.now())
        return alert is not None and firing and not self._alerting.muting(alert)

    async def _carry(self, attempt: Attempt) -> None:
        """One attempt from first to last."""
        try:
            if attempt.stage is Stage.PENDING and not await self._chosen(attempt):
                self.holds.forget(attempt)
                return
            if attempt.stage is Stage.CHOSEN:
                await self._try(attempt)
            await self._told(attempt)
        except Exception:  # a fault of our own must not keep people from hearing
            logger.exception("response %s broke", attempt.response.title)
            attempt.stage = Stage.FAILED
            self._aftermath.let_go(attempt)

    async def _chosen(self, attempt: Attempt) -> bool:
        """Wait for its time and write it down; False where it ended before."""
        if not await self._its_time(attempt):
            return False
        found = self._readiness.incident(attempt)
        attempt.incident = found.id if found is not None else ""
        # Before it is awaited: from here on nothing else is tried on its service.
        attempt.stage, attempt.chosen_at = Stage.CHOSEN, self._clock.now()
        entry = self._ledger.record(
            "response.chosen",
            attempt.subject,
            key=attempt.key,
            response=attempt.response.title,
            runbook=attempt.response.runbook,
            what=attempt.what,
            why=why(attempt),
            service=attempt.service,
            incident=attempt.incident,
            alert=attempt.alert,
            began_at=attempt.began_at,
            seen_at=attempt.seen_at,
            at_once=attempt.at_once,
            detected_after_seconds=round(attempt.seen_at - attempt.began_at, 3),
        )
        if not await _written(entry):
            said = f"the ledger did not take within {_WRITTEN_WITHIN:g} s that it is tried"
            await self._end(attempt, None, said)
        return True

    async def _its_time(self, attempt: Attempt) -> bool:
        since: float | None = None
        while self._is_wanted(attempt):
            if not self._readiness.ready(attempt):
                since = None
            else:
                since = self._clock.monotonic() if since is None else since
                if self._readiness.placed(attempt, since):
                    return True
            await asyncio.sleep(_LOOK_EVERY)
        return False

    def _is_wanted(self, attempt: Attempt) -> bool:
        current = self.holds.attempts.get(attempt.key) is attempt
        return current and self._readiness.lasts(attempt)

    async def _try(self, attempt: Attempt) -> None:
        await self._opened.wait()
        try:
            attempt.run = await self._asking.run_of(attempt)
            view = await self._ended(attempt)
        except BadInputError as error:
            await self._end(attempt, None, str(error))
        else:
            await self._end(attempt, view, "" if proved(view) else trouble(view))

    async def _ended(self, attempt: Attempt) -> RunView:
        """The run at its end. Who it waits for meanwhile is told so. Raises UnknownRunError."""
        while not (view := await self._asking.show(attempt.run)).state.ended:
            waiting = view.waiting
            if waiting is not None and waiting.kind in _FOR_PEOPLE and not attempt.let_go:
                what = f"run {view.id} of {view.runbook} waits for a person"
                attempt.tried = f"{what}: {waiting.what}"
                self._aftermath.let_go(attempt)
            await asyncio.sleep(_LOOK_EVERY)
        return view

    async def _end(self, attempt: Attempt, view: RunView | None, said: str) -> None:
        """Write down what came of it, and only then let it count."""
        attempt.unheard = attempt.at_once or attempt.let_go
        found = self._readiness.incident(attempt)
        attempt.incident = attempt.incident or (found.id if found is not None else "")
        now = self._clock.now()
        if view is not None and not said:
            attempt.tried = f"mended: {story(view)}"
            entry = self._ledger.record(
                "response.fixed",
                attempt.subject,
                key=attempt.key,
                response=attempt.response.title,
                run=attempt.run,
                incident=attempt.incident,
                tried=attempt.tried,
                unheard=attempt.unheard,
                fixed_after_seconds=round(now - attempt.began_at, 3),
            )
            await _written(entry)
            attempt.stage, attempt.over = Stage.FIXED, attempt.of_death
            return
        what = story(view) if view is not None else f"{attempt.response.runbook} was not run"
        attempt.tried = f"not mended: {what}" + ("" if said in what else f": {said}")
        entry = self._ledger.record(
            "response.failed",
            attempt.subject,
            key=attempt.key,
            response=attempt.response.title,
            run=attempt.run,
            incident=attempt.incident,
            reason=said,
            tried=attempt.tried,
            unheard=attempt.unheard,
            failed_after_seconds=round(now - attempt.began_at, 3),
        )
        await _written(entry)
        attempt.stage = Stage.FAILED
        self._aftermath.let_go(attempt)

    async def _told(self, attempt: Attempt) -> None:
        while True:
            try:
                await self._aftermath.tell(attempt)
                return
            except SQLAlchemyError as error:
                logger.warning("what came of %s is not told yet: %s", attempt.what, error)
                await asyncio.sleep(1.0)

    async def _keep_house(self) -> None:
        while True:
            try:
                for attempt in tuple(self.holds.attempts.values()):
                    self._mind(attempt)
                await self._aftermath.close_mended()
            except SQLAlchemyError as error:
                logger.warning("responses were not looked after: %s", error)
            except Exception:  # a fault of our own must not end the watch
                logger.exception("responses were not looked after; it is tried again")
            await asyncio.sleep(_LOOK_EVERY)

    def _mind(self, attempt: Attempt) -> None:
        """What time does to an attempt."""
        now, response = self._clock.now(), attempt.response
        if attempt.stage is Stage.PENDING and self._readiness.is_quiet(attempt):
            attempt.hold_until = now + response.hold
        ended = attempt.stage in (Stage.FIXED, Stage.FAILED)
        if ended and not attempt.of_death and not self._readiness.lasts(attempt):
            attempt.over = True
        if ended and attempt.over and now > attempt.hold_until + response.close_after:
            self.holds.forget(attempt)
        held = not attempt.at_once and not attempt.let_go and not attempt.over
        if held and now >= attempt.hold_until:
            if attempt.stage is Stage.FIXED:
                attempt.tried += ". What it answers has not ended since."
            elif attempt.run:
                attempt.tried = f"{response.runbook} (run {attempt.run}) is still under way"
            self._ledger.record(
                "response.held_too_long",
                attempt.subject,
                key=attempt.key,
                response=response.title,
                run=attempt.run,
                stage=attempt.stage.value,
                held_seconds=round(now - attempt.seen_at, 3),
            )
            self._aftermath.let_go(attempt)


async def _written(entry: "asyncio.Future[Entry]") -> bool:
    try:
        async with asyncio.timeout(_WRITTEN_WITHIN):
            await asyncio.shield(entry)
    except TimeoutError:
        return False
    return True
