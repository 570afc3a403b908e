"""A life of responses that dies where it is told to: one alert, its fix, and who hears of it.

Arguments: URL of the state, URL of the runs, directory, catcher URL, `works` or `fails`. It kills
itself once after each kind of entry in the ledger, and at each step of a notice: a life dies at
the first at which none died before. Nothing is left to be done when it ends by itself.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import uvloop

from opsbook.alerts.delivery.intake import Report, admitted
from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.delivery.setup import Receiver, Setup
from opsbook.alerts.routing.route import Branch, plant
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.core.events import Bus
from opsbook.durable.engines.dbos import DbosEngine
from opsbook.incidents.evidence import Evidence
from opsbook.incidents.model import IncidentState
from opsbook.incidents.service import Incidents
from opsbook.incidents.settings import IncidentSettings
from opsbook.probes.watch import Watch
from opsbook.response.attempt import Stage
from opsbook.response.service import Responses
from opsbook.response.settings import ResponseSettings
from opsbook.runbooks.interpreter import RUNS, VERSION
from opsbook.runbooks.service import Runbooks
from opsbook.services.service import Services
from opsbook.state.chain import Entry
from opsbook.state.database import connect
from opsbook.state.ledger import Ledger
from tests.crash.deliver import Keyed
from tests.runbooks.scene import Alone, book

COMMON = (
    "alert.firing",
    "incident.opened",
    "response.chosen",
    "run.requested",
    "run.started",
    "run.step_started",
    "run.ended",
)
KINDS = {
    "works": (*COMMON, "run.step_done", "response.fixed", "alert.resolved", "incident.recovered"),
    "fails": (*COMMON, "run.step_failed", "response.failed", "incident.paged", "notice.sent"),
}
STEPS = ("written", "sending", "answered", "finished", "recorded")
"""Of the delivery of a notice: what works has none."""
INCIDENTS = {
    "contacts": {"ada": {"receiver": "oncall"}},
    "escalation": [{"name": "L1", "contacts": ["ada"]}],
}


class Death:
    """Comes once at each point."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def reach(self, point: str) -> None:
        try:
            (self._directory / f"died {point}").touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


class DeadlyLedger(Ledger):
    """Kills the process when an entry is on disk."""

    death: Death

    def record(
        self, kind: str, subject: str, actor: str = "opsbook", **body: Any
    ) -> "asyncio.Future[Entry]":
        written = super().record(kind, subject, actor, **body)
        written.add_done_callback(lambda _: self.death.reach(kind))
        return written


def runbook(mode: str) -> dict[str, Any]:
    """Writes a line; what looks for it does not find it where it fails."""
    look = {"class": 0, "command": {"argv": ["grep", "-q", mode, "effects"]}}
    step = {
        "name": "mend",
        "class": 1,
        "command": {"argv": ["sh", "-c", "echo works >> effects"]},
        "verify": {"within": "300ms", "every": "50ms", "steps": [look]},
        "no_rollback": "a line is a line",
    }
    return {"automatic": {"cooldown": "1s"}, "steps": [step]}


async def live(state_url: str, runs_url: str, directory: Path, catcher: str, mode: str) -> None:
    hands, bus, state = Alone(directory), Bus(), connect(state_url)
    clock, death = hands.clock, Death(directory)
    ledger = DeadlyLedger(state, clock)
    ledger.death = death
    receivers = {
        name: Receiver(name, {"catcher[0]": Keyed(url=f"{catcher}{name}")})
        for name in ("team", "oncall")
    }
    root = plant(Branch(receiver="team", group_wait=0.0, group_interval=1.0))
    setup = Setup(root, receivers, NoticeTemplates(()))
    alerting = Alerting(
        setup, state, ledger, clock, "http://opsbook", hook=death.reach, announce=bus.announce
    )
    watch = Watch([], bus, clock)
    services = Services({}, lambda _: None, watch, bus, ledger, clock, lambda _: [])  # type: ignore[arg-type, return-value]  # there is none
    settings = IncidentSettings.model_validate(INCIDENTS)
    evidence = Evidence(watch, services, alerting, clock, settings.mend_within)
    incidents = Incidents(settings, {}, evidence, alerting, state, ledger, bus, clock)
    runbooks = Runbooks(book(directory, mend=runbook(mode)), [], hands, state, ledger, clock)
    engine = DbosEngine(runs_url, runbooks.functions, [RUNS], version=VERSION)
    runbooks.use(engine)
    opened = asyncio.Event()
    response = ResponseSettings.model_validate({"alert": {"alertname": "Down"}, "runbook": "mend"})
    responses = Responses(
        [response],
        {},
        incidents,
        alerting,
        runbooks,
        opened,
        services,
        state,
        ledger,
        bus,
        clock,
    )
    running = [asyncio.create_task(each.run()) for each in (alerting, incidents, responses)]
    await engine.open()
    await runbooks.open()
    opened.set()
    if not alerting.board.alerts:
        report = Report({"alertname": "Down", "severity": "critical"}, {})
        await alerting.put([admitted(report, clock.now(), 300.0)])
    async with asyncio.timeout(40):
        while not await _is_done(mode, alerting, incidents, responses):
            await asyncio.sleep(0.05)
    # What is told twice would be told by now.
    await asyncio.sleep(1.5)
    await ledger.flush(within=5)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await engine.close()
    hands.jobs.close()
    ledger.close()
    state.dispose()


async def _is_done(
    mode: str, alerting: Alerting, incidents: Incidents, responses: Responses
) -> bool:
    (alert,) = alerting.board.alerts.values()
    attempt = responses.holds.attempts.get(alert.fingerprint)
    if mode == "works":
        if attempt is not None and attempt.stage is Stage.FIXED and not attempt.over:
            now = alerting.outbox._clock.now()
            ended = Report(dict(alert.labels), {}, alert.starts_at, now)
            await alerting.put([admitted(ended, now, 300.0)])
        return any(each.state is IncidentState.RECOVERED for each in incidents.watched)
    failed = attempt is not None and attempt.stage is Stage.FAILED
    paged = any(each.paged for each in incidents.watched)
    outbox = alerting.outbox
    return failed and paged and not alerting.busy and not outbox.undelivered and outbox.settled


if __name__ == "__main__":
    state_url, runs_url, directory, catcher, mode = sys.argv[1:]
    uvloop.run(live(state_url, runs_url, Path(directory), catcher, mode))
