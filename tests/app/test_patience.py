"""Steps while the database is away."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from opsbook.app import patience
from opsbook.app.patience import patient, patiently
from opsbook.durable.engines.memory import Memory, MemoryEngine
from opsbook.durable.model import Queue, RunState, Submission
from opsbook.durable.port import DurableError, Run
from opsbook.durable.values import Json


class Away:
    """Fails so often, then gives a result."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def __call__(self) -> Json:
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_TRY_AGAIN_AFTER", 0.0)


async def test_a_step_waits_for_the_database_and_fails_for_all_else(tmp_path: Path) -> None:
    away = Away(DurableError("gone"), OperationalError("SELECT 1", {}, Exception("gone")))

    async def function(run: Run, value: Json) -> Json:
        await run.step("wait", away)
        return await run.step("fail", Away(ValueError("wrong")))

    engine = MemoryEngine(Memory(), {"f": patient(function)}, [Queue("runs")])
    await engine.open()
    await engine.submit(Submission("r", "runs", "f"))
    info = await engine.wait("r", 10)
    await engine.close()
    assert (info.state, info.stopped_at) == (RunState.FAILED, "fail")
    assert [step.result for step in info.steps] == ["done", None]


async def test_signals_and_sleeps_are_those_of_the_run() -> None:
    async def function(run: Run, value: Json) -> Json:
        await run.sleep("nap", 0.01)
        return await run.wait_for("word", 10)

    engine = MemoryEngine(Memory(), {"f": patient(function)}, [Queue("runs")])
    await engine.open()
    await engine.submit(Submission("r", "runs", "f"))
    await engine.signal("r", "word", "yes", "key")
    assert (await engine.wait("r", 10)).result == "yes"
    await engine.close()


async def test_waiting_ends_with_its_deadline() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await patiently("it", Away(*[DurableError("gone")] * 1_000_000))
