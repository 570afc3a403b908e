"""A life of the service of runbooks that dies where it is told to.

Arguments: URL of the state, URL of the runs, directory, `points` or `nowhere`. With `points` it
kills itself once after each kind of entry in the ledger: a life dies at the first at which none
died before. It prints the run's state and the error when it has ended.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import uvloop

from opsbook.durable.engines.dbos import DbosEngine
from opsbook.runbooks.interpreter import RUNS, VERSION
from opsbook.runbooks.model import Request
from opsbook.runbooks.service import Runbooks
from opsbook.state.chain import Entry
from opsbook.state.database import connect
from opsbook.state.ledger import Ledger
from tests.runbooks.scene import ANNA, BERT, Alone, book

KINDS = (
    "run.requested",
    "run.started",
    "run.step_started",
    "run.step_done",
    "run.waiting",
    "run.approved",
    "run.ended",
)


class DeadlyLedger(Ledger):
    """Kills the process when an entry is on disk, and nothing yet that follows from it."""

    directory: Path
    deadly: bool

    def record(
        self, kind: str, subject: str, actor: str = "opsbook", **body: Any
    ) -> "asyncio.Future[Entry]":
        written = super().record(kind, subject, actor, **body)
        written.add_done_callback(lambda _: self._reach(kind))
        return written

    def _reach(self, point: str) -> None:
        if not self.deadly:
            return
        try:
            (self.directory / f"died {point}").touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def _step(name: str, **more: Any) -> dict[str, Any]:
    """A line is written by a real command, and looked for by another."""
    look = {"class": 0, "command": {"argv": ["grep", "-q", name, "effects"]}}
    return {
        "name": name,
        "class": 1,
        "command": {"argv": ["sh", "-c", f"echo {name} >> effects"]},
        "verify": {"within": "10s", "steps": [look]},
        "no_rollback": "a line is a line",
        **more,
    }


async def live(state_url: str, runs_url: str, directory: Path, mode: str) -> None:
    hands = Alone(directory)
    state = connect(state_url)
    ledger = DeadlyLedger(state, hands.clock)
    ledger.directory, ledger.deadly = directory, mode == "points"
    steps = [_step("one"), _step("two", **{"class": 3})]
    books = book(directory, deploy={"steps": steps})
    service = Runbooks(books, [], hands, state, ledger, hands.clock)
    engine = DbosEngine(runs_url, service.functions, [RUNS], version=VERSION)
    service.use(engine)
    await engine.open()
    await service.open()
    known = await service.find()
    run = known[0].id if known else await _requested(service)
    while not (view := await service.show(run)).state.ended:
        if view.waiting is not None and view.waiting.kind == "approval":
            await service.approve(run, BERT, "it is needed")
        await asyncio.sleep(0.05)
    sys.stdout.write(f"{view.state} {view.error}\n")
    await engine.close()
    hands.jobs.close()
    ledger.close()


async def _requested(service: Runbooks) -> str:
    return await service.request(Request("deploy", ANNA, "a new version", confirm="deploy"))


if __name__ == "__main__":
    state_url, runs_url, directory, mode = sys.argv[1:]
    uvloop.run(live(state_url, runs_url, Path(directory), mode))
