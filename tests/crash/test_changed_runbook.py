"""A runbook that is changed while a run of it is under way."""

import asyncio
from pathlib import Path
from typing import Any

from opsbook.durable.model import RunState
from opsbook.runbooks.model import Request
from opsbook.runbooks.service import Runbooks
from tests.crash.running import carrying
from tests.runbooks.scene import ANNA, BERT, book, mark


async def test_the_run_ends_as_it_began_also_in_the_next_life(tmp_path: Path) -> None:
    async with carrying(tmp_path, book(tmp_path, go=steps("api"))) as (_, service, _):
        run = await service.request(Request("go", ANNA, "a test", confirm="go"))
        await asked(service, run)
    changed = book(tmp_path, go=steps("db", "web"))
    async with carrying(tmp_path, changed) as (hands, service, engine):
        await asked(service, run)
        await service.approve(run, BERT, "as it was shown")
        ended = await engine.wait(run, 20)
    assert ended.state is RunState.SUCCEEDED, ended
    assert hands.effects() == ["api"]


def steps(*names: str) -> dict[str, Any]:
    return {"steps": [mark(name, **{"class": 3}) for name in names]}


async def asked(service: Runbooks, run: str) -> None:
    """Return once it waits for an approval."""
    async with asyncio.timeout(20):
        while not (known := (await service.show(run)).waiting) or known.kind != "approval":
            await asyncio.sleep(0.02)
