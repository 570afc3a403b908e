"""A life of a whole platform that dies where it is told to, from an alert to the last notice."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from opsbook.alerts import store as alerts
from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.app.hands import AppHands
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.jobs.model import Command, Outcome
from opsbook.durable.model import RunState
from opsbook.incidents import store as incidents
from opsbook.runbooks.model import Request, RunView
from opsbook.runbooks.register import Register
from opsbook.runbooks.service import Runbooks
from opsbook.state.chain import Entry
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import Ledger
from opsbook.state.people import Person, Role
from opsbook.web.settings import WebSettings
from tests.servers.loopback import free_port
from tests.services.platform import small_book, small_service

POINTS = {
    "alert accepted",
    "incident written",
    "incident recorded",
    "run admitted",
    "run.requested",
    "run submitted",
    "run.started",
    "run.step_started",
    "command started",
    "command done",
    "verify",
    "run.step_done",
    "run.ended",
    "notice written",
    "notice sending",
    "notice answered",
    "notice finished",
    "notice recorded",
    "alert.firing",
}
WITHIN = 60.0
ADA = Person("ada", Role.OPERATOR)


def platform_book(directory: Path, hook: str, *, shared: bool = False, takes: float = 0.1) -> Path:
    """One service; a check that is down until a runbook has mended it; who is told, and paged.

    `shared`: the state is in the database that CRASH_STATE names. `takes`: seconds to mend it.
    """
    place = small_book(directory, a=small_service(directory, "a", free_port()))
    book = json.loads(place.read_text())
    # What ends while nobody watches is told a minute later: that is for other tests.
    quiet = {"send_resolved": False}
    team = [
        {"url": f"{hook}/keyed", "idempotent": True, **quiet},
        {"url": f"{hook}/plain", **quiet},
    ]
    duty = [{"url": f"{hook}/duty", "idempotent": True, **quiet}]
    mend = {
        "name": "mend",
        "class": 1,
        "command": {"argv": ["sh", "-c", f"echo mended >> effects; sleep {takes}; touch whole"]},
        "verify": {"within": "20s", "every": "50ms", "steps": [{"check": {"name": "is-whole"}}]},
        "no_rollback": "a line is a line",
    }
    book["checks"]["is-whole"] = {
        "file": {"path": str(directory / "whole")},
        "every": "200ms",
        "retry_every": "50ms",
    }
    book |= {
        "alerts": {
            "route": {"receiver": "team", "group_wait": "0s", "group_interval": "300ms"},
            "receivers": [
                {"name": "team", "webhook_configs": team},
                {"name": "duty", "webhook_configs": duty},
            ],
        },
        "incidents": {
            "contacts": {"ada": {"receiver": "duty"}},
            "escalation": [{"name": "L1", "contacts": ["ada"]}],
        },
        "runbooks": {"mend": {"steps": [mend]}},
    }
    if shared:
        book["state"] = {"database": "env:CRASH_STATE"}
    place.write_text(json.dumps(book))
    return place


class Faults:
    """Where a life may die. Each point is behind what it names: it has happened, and nothing that
    follows from it."""

    def __init__(self, deaths: Path) -> None:
        """`deaths`: where it is written down at which points lives have died."""
        self._deaths = deaths

    def reach(self, point: str) -> None:
        try:
            (self._deaths / point).touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        """Let what is written down, done and told be the last thing that happens."""
        for owner, name, point in (
            (alerts, "save_alerts", "alert accepted"),
            (Register, "_admit", "run admitted"),
            (AppHands, "look", "verify"),
        ):
            self._behind(owner, name, point)
        self._arm_ledger()
        self._arm_jobs()

    def arm_rooms(self, app: App) -> None:
        """Those points for which the rooms have hooks of their own."""
        app.alerts.delivery.outbox._hook = lambda step: self.reach(f"notice {step}")
        app.incidents._ledger._journal._hook = lambda step: self.reach(f"incident {step}")
        assert app.runs is not None
        self._behind(app.runs.engine, "submit", "run submitted")

    def _behind(self, owner: Any, name: str, point: str) -> None:
        before = getattr(owner, name)

        async def awaited(*words: Any, **more: Any) -> Any:
            result = await before(*words, **more)
            self.reach(point)
            return result

        def called(*words: Any, **more: Any) -> Any:
            result = before(*words, **more)
            self.reach(point)
            return result

        setattr(owner, name, awaited if asyncio.iscoroutinefunction(before) else called)

    def _arm_ledger(self) -> None:
        record = Ledger.record

        def deadly(ledger: Ledger, kind: str, subject: str, *words: Any, **body: Any) -> Any:
            written: asyncio.Future[Entry] = record(ledger, kind, subject, *words, **body)
            if kind in POINTS:
                written.add_done_callback(lambda _: self.reach(kind))
            return written

        Ledger.record = deadly  # type: ignore[assignment, method-assign]

    def _arm_jobs(self) -> None:
        carry_out = Jobs.carry_out

        async def deadly(
            jobs: Jobs, job_id: str, command: Command, stop: asyncio.Event | None = None
        ) -> Outcome:
            doing = asyncio.ensure_future(carry_out(jobs, job_id, command, stop))
            while not (jobs._root / job_id / "started").exists() and not doing.done():
                await asyncio.sleep(0.002)
            self.reach("command started")
            outcome = await doing
            self.reach("command done")
            return outcome

        Jobs.carry_out = deadly  # type: ignore[assignment, method-assign]


async def live(book: Path, deaths: Path | None, watches: Callable[[], None]) -> None:
    """Until all that follows from the alert has happened, and the run has succeeded.

    With `deaths` it kills itself at the first point at which none died before.
    """
    faults = Faults(deaths) if deaths is not None else None
    if faults is not None:
        faults.arm()
    app = App(read_book(book), DataDir(book.parent / "data"), WebSettings(port=0))
    if faults is not None:
        faults.arm_rooms(app)
    watching = asyncio.create_task(app.run())
    watches()
    try:
        async with asyncio.timeout(WITHIN):
            view = await mended(app)
            await until(lambda: all_told(app) and not incidents.load_unrecorded(app.engine))
        assert view.state is RunState.SUCCEEDED, view
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        app.close()


async def mended(app: App) -> RunView:
    """The run that answers the alert, once it has ended."""
    runbooks, runs = app.runbooks, app.runs
    assert runbooks is not None
    assert runs is not None
    await runs.opened.wait()
    run = await answer(app, runbooks)
    while not (view := await runbooks.show(run)).state.ended:
        await asyncio.sleep(0.02)
    return view


async def answer(app: App, runbooks: Runbooks) -> str:
    """The id of the run, which is asked for where no earlier life did so."""
    if known := await runbooks.find(runbook="mend"):
        return known[0].id
    await until(lambda: bool(app.incidents.watched))
    incident = app.incidents.watched[0]
    await until(lambda: bool(app.incidents._ledger.alerts.get(incident.id)))
    (alert,) = app.incidents._ledger.alerts[incident.id]
    return await runbooks.request(
        Request("mend", ADA, "it is broken", alert=alert, incident=incident.id)
    )


def all_told(app: App) -> bool:
    """Whether everybody has heard of everything, or it is known that they may not have."""
    alerting, found = app.alerts.delivery, app.incidents.watched
    outbox = alerting.outbox
    quiet = not alerting.busy and not outbox.undelivered and outbox.settled
    return quiet and bool(found) and all(each.paged for each in found)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.02)


def begin(book: Path, deaths: Path | None, watches: Callable[[], None]) -> None:
    """The process of one life, which says when it begins to watch."""
    uvloop.run(live(book, deaths, watches))
