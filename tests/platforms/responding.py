"""A platform whose book holds responses of ours, carried out by a whole Opsbook."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from opsbook.app.book import read_book
from opsbook.app.hands import AppHands, Rooms
from opsbook.durable.engines.memory import Memory, MemoryEngine
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.model import RunState
from opsbook.platforms import responses
from opsbook.runbooks.interpreter import RUNS
from opsbook.runbooks.model import Request, RunView, StepView
from opsbook.runbooks.service import Runbooks
from opsbook.state.people import Person, Role
from tests.services.platform import Platform, watched

ANNA = Person("anna", Role.OPERATOR)
BERT = Person("bert", Role.APPROVER)

RESPONSES = Path(responses.__file__).parent
PROGRAMS = RESPONSES / "programs"


def response(name: str) -> dict[str, Any]:
    """The runbooks of one of our files."""
    text = (RESPONSES / f"{name}.yaml").read_text(encoding="utf-8")
    runbooks: dict[str, Any] = YAML(typ="safe").load(text)["runbooks"]
    return runbooks


def book(
    directory: Path,
    runbooks: Mapping[str, Any],
    services: Mapping[str, Any] | None = None,
    checks: Mapping[str, Any] | None = None,
    **secrets: str,
) -> Path:
    """A book of them; secrets are files of its directory `config`, named with dashes."""
    (directory / "config").mkdir(exist_ok=True)
    for name, text in secrets.items():
        (directory / "config" / name.replace("_", "-")).write_text(text)
    content = {"services": services or {}, "checks": checks or {}, "runbooks": runbooks}
    file = directory / "book.yaml"
    file.write_text(json.dumps({"platform": {"name": "responding"}, **content}), encoding="utf-8")
    return file


class Responding:
    """Runs runbooks as people do."""

    def __init__(self, platform: Platform, runbooks: Runbooks) -> None:
        self.platform = platform
        self.runbooks = runbooks
        self.approvals = 0
        """How often somebody was asked to consent."""

    async def run(
        self, runbook: str, confirm: str = "", *, consent: bool = True, **parameters: Any
    ) -> RunView:
        """A run that has ended; the approver consents to all that he is asked, or to nothing."""
        request = Request(runbook, ANNA, "a test", parameters, confirm)
        run = await self.runbooks.request(request)
        answered: set[str] = set()
        async with asyncio.timeout(60):
            while not (view := await self.runbooks.show(run)).state.ended:
                waiting = view.waiting
                if waiting and waiting.kind == "approval" and waiting.step not in answered:
                    answered.add(waiting.step)
                    self.approvals += 1
                    answer = self.runbooks.approve if consent else self.runbooks.refuse
                    await answer(run, BERT, "a test")
                await asyncio.sleep(0.02)
        return view

    async def succeeded(self, runbook: str, confirm: str = "", **parameters: Any) -> RunView:
        view = await self.run(runbook, confirm, **parameters)
        assert view.state is RunState.SUCCEEDED, view.error
        return view

    async def failed(self, runbook: str, confirm: str = "", **parameters: Any) -> RunView:
        view = await self.run(runbook, confirm, **parameters)
        assert view.state is RunState.FAILED, states(view)
        return view

    async def told(self, *kinds: str) -> list[dict[str, Any]]:
        """Entries of the ledger, of these kinds."""
        await self.platform.app.ledger.flush(5)
        return self.platform.ledger(*kinds)


def states(run: RunView) -> dict[str, str]:
    return {step.path: step.state for step in run.steps}


def step(run: RunView, path: str) -> StepView:
    return next(each for each in run.steps if each.path == path)


@asynccontextmanager
async def responding(file: Path, data: Path) -> AsyncIterator[Responding]:
    """The platform of a book as `opsbook up` runs it; only its runs are carried in memory."""
    whole = read_book(file)
    plain = YAML(typ="safe").load(file.read_text(encoding="utf-8")) | {"runbooks": {}, "drills": {}}
    alone = file.with_name("without-runbooks.yaml")
    alone.write_text(json.dumps(plain), encoding="utf-8")
    async with watched(alone, data) as platform:
        app = platform.app
        jobs = Jobs(data / "jobs")
        rooms = Rooms(app.watch, app.measuring.querier, app.services, app.alerts.delivery)
        hands = AppHands(rooms, jobs, str(whole.directory), app.clock)
        services, state = list(whole.services), app.state.engine
        runbooks = Runbooks(whole.runbooks, services, hands, state, app.ledger, app.clock)
        engine = MemoryEngine(Memory(), runbooks.functions, [RUNS])
        runbooks.use(engine)
        await engine.open()
        await runbooks.open()
        try:
            yield Responding(platform, runbooks)
        finally:
            await engine.close()
            jobs.close()
