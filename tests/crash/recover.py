"""A life of a whole platform that recovers from a loss, and dies where it is told to.

What was lost: a database of PostgreSQL and one of SQLite, which the service `a` is said to use.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.app.hands import AppHands
from opsbook.backups.postgresql import places as databases
from opsbook.backups.postgresql.locale import Locale
from opsbook.backups.postgresql.places import Databases
from opsbook.backups.sources import sqlite
from opsbook.backups.sources.postgres import Postgres
from opsbook.backups.sources.sqlite import Sqlite
from opsbook.backups.tools import paths
from opsbook.backups.tools.paths import Paths
from opsbook.core.errors import BadInputError
from opsbook.durable.model import RunState
from opsbook.runbooks.model import Request, RunView
from opsbook.runbooks.service import Runbooks
from opsbook.runbooks.steps import restore, swap
from opsbook.state.chain import Entry
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import Ledger
from opsbook.state.people import Person, Role
from opsbook.web.settings import WebSettings
from tests.backups.scene import place
from tests.crash.loading import while_loading
from tests.crash.platform import ADA, Faults
from tests.servers.loopback import free_port
from tests.services.platform import small_book, small_service

WITHIN = 60.0
BERT = Person("bert", Role.APPROVER)
_FILES = {
    ".new": "file taken out",
    ".old": "file kept",
    ".old-wal": "log kept",
}
"""How a file ends that was renamed → what that was."""
_BACK = {".new": "file put", ".old": "file put back", ".old-wal": "log put back"}
"""The same by its name before."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One recovery, and where lives of it die."""

    url: str
    """Of the database of PostgreSQL that is used."""
    binaries: str
    points: Collection[str]
    well: bool
    """Whether the last check may ever be well; if not, all is taken back."""
    state: str | None = None
    """URL of the database of the state; SQLite without."""

    def book(self, directory: Path) -> Path:
        """A plan for both sets, and the service that is stopped meanwhile."""
        file = small_book(directory, a=small_service(directory, "a", free_port()))
        book = json.loads(file.read_text())
        whole = {"file": {"path": str(directory / "whole")}, "every": "200ms"}
        book["checks"]["is-whole"] = whole
        book["backups"] = self.backups(directory)
        plan = {"sets": ["shop", "orders"], "stop": ["a"], "checks": ["is-whole"]}
        depth = "restore" if self.well else "open"
        book["recovery"] = {"full": {**plan, "depth": depth, "proven_within": "4s"}}
        if self.state is not None:
            book["state"] = {"database": "env:CRASH_STATE"}
        file.write_text(json.dumps(book))
        if self.well:
            (directory / "whole").touch()
        return file

    def backups(self, directory: Path) -> dict[str, Any]:
        url = directory / "url"
        url.write_text(self.url)
        where = {"database": f"file:{url}", "rehearse_on": f"file:{url}"}
        shop = {"postgres": {**where, "bin": self.binaries, "roles": False}}
        orders = {"sqlite": {"path": str(directory / "orders.db")}}
        return {
            "destinations": {"a": place(directory / "kept")},
            "sets": {"shop": {**shop, "to": ["a"]}, "orders": {**orders, "to": ["a"]}},
        }


class RecoveryFaults(Faults):
    """Points of one scenario; others are passed by."""

    def __init__(self, deaths: Path, scenario: Scenario) -> None:
        super().__init__(deaths)
        self._scenario = scenario

    def reach(self, point: str) -> None:
        if point in self._scenario.points:
            super().reach(point)

    def arm(self) -> None:
        self._arm_ledger()
        self._arm_restores()
        self._arm_swaps()
        self._arm_removals()
        for owner, name, point in (
            (AppHands, "order", _ordered),
            (Paths, "holds", lambda *_, **__: "file compared"),
            (Databases, "holds", lambda *_, **__: "database compared"),
            (restore, "note", lambda *_, **__: "restore noted"),
            (swap, "note", lambda *_, **__: "swap noted"),
        ):
            self._after(owner, name, point)

    def _after(self, owner: Any, name: str, point: Callable[..., str]) -> None:
        """Behind a function, at the point that its arguments tell."""
        before = getattr(owner, name)

        async def awaited(*words: Any, **more: Any) -> Any:
            result = await before(*words, **more)
            self.reach(point(*words, **more))
            return result

        def called(*words: Any, **more: Any) -> Any:
            result = before(*words, **more)
            self.reach(point(*words, **more))
            return result

        setattr(owner, name, awaited if asyncio.iscoroutinefunction(before) else called)

    def _arm_ledger(self) -> None:
        record = Ledger.record

        def deadly(ledger: Ledger, kind: str, subject: str, *words: Any, **body: Any) -> Any:
            written: asyncio.Future[Entry] = record(ledger, kind, subject, *words, **body)
            step = str(body.get("step", "")).rpartition(".")[2]
            point = f"{kind} {step}".strip()
            if point in self._scenario.points:
                written.add_done_callback(lambda _: self.reach(point))
            return written

        Ledger.record = deadly  # type: ignore[assignment, method-assign]

    def _arm_restores(self) -> None:
        while_loading(self._scenario.url, lambda name: self.reach(f"{_kind(name)} loading"))
        self._after(Locale, "create", lambda *words: f"{_kind(words[2])} made")
        self._after(Postgres, "_load", lambda *words, **_: f"{_kind(words[2].database)} loaded")
        self._after(sqlite, "compare", lambda *_: "file spooled")
        self._after(Sqlite, "restore", lambda *_: "file restored")

    def _arm_swaps(self) -> None:
        rename = paths._rename

        def deadly(before: Path, after: Path) -> None:
            there = os.path.lexists(before)
            rename(before, after)
            if there:
                self.reach(_renamed(before, after))

        paths._rename = deadly
        self._after(databases, "_rename", lambda *words: f"{_kind(words[2])} half renamed")
        self._after(Databases, "move", lambda _, moves, __: f"{_kind(moves[0][1])} renamed")

    def _arm_removals(self) -> None:
        self._after(Paths, "discard", lambda *_: "file discarded")
        self._after(Databases, "discard", lambda *_: "database discarded")


def _kind(database: str) -> str:
    """`new`, `old` or `opsbook_drill`; else that which is used."""
    name = database.rpartition("-")[2]
    return "scratch" if name.startswith("opsbook") else name


def _ordered(_hands: AppHands, _service: str, verb: str, **more: Any) -> str:
    return f"ordered {verb}{' back' if 'rollback' in str(more['key']) else ''}"


def _renamed(before: Path, after: Path) -> str:
    for name, known in ((after.name, _FILES), (before.name, _BACK)):
        for end, point in known.items():
            if name.endswith(end):
                return point
    return ""


async def live(book: Path, scenario: Scenario, deaths: Path | None) -> None:
    """Until the run has ended as it has to, and the service is up."""
    faults = RecoveryFaults(deaths, scenario) if deaths is not None else None
    if faults is not None:
        faults.arm()
    app = App(read_book(book), DataDir(book.parent / "data"), WebSettings(port=0))
    watching = asyncio.create_task(app.run())
    try:
        async with asyncio.timeout(WITHIN):
            view = await recovered(app)
            await app.services.keepers["a"].well.wait()
        wanted = RunState.SUCCEEDED if scenario.well else RunState.FAILED
        assert view.state is wanted, view
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        app.close()


async def recovered(app: App) -> RunView:
    """The run, once it has ended; whenever it asks, somebody approves."""
    runbooks, runs = app.runbooks, app.runs
    assert runbooks is not None
    assert runs is not None
    await runs.opened.wait()
    run = await asked(app, runbooks)
    while not (view := await runbooks.show(run)).state.ended:
        if view.waiting is not None and view.waiting.kind == "approval":
            with suppress(BadInputError):  # it is shown as waiting when it was just answered
                await runbooks.approve(run, BERT, "go")
        assert view.waiting is None or view.waiting.kind != "decision", view.waiting
        await asyncio.sleep(0.02)
    return view


async def asked(app: App, runbooks: Runbooks) -> str:
    """The id of the run, which is asked for where no earlier life did so."""
    if known := await runbooks.find(runbook="recover-full"):
        return known[0].id
    await app.services.keepers["a"].well.wait()
    return await runbooks.request(
        Request("recover-full", ADA, "orders are missing", confirm="recover-full")
    )


def begin(book: Path, scenario: Scenario, deaths: Path | None) -> None:
    """The process of one life. Its temporary files are in a directory of the platform."""
    tempfile.tempdir = str(book.parent / "tmp")
    if scenario.state is not None:
        os.environ["CRASH_STATE"] = scenario.state
    uvloop.run(live(book, scenario, deaths))
