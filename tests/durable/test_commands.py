"""Steps that are commands: runs and jobs together."""

import asyncio
import contextlib
from pathlib import Path

from opsbook.durable.engines.memory import Memory, MemoryEngine
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.jobs.model import Command
from opsbook.durable.model import RunState, Submission
from opsbook.durable.port import Run
from opsbook.durable.values import Json
from tests.durable.contract import ANN, QUEUES, WITHIN, opened
from tests.eventually import eventually


async def test_cancelling_a_run_stops_a_command_that_is_told(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs")

    async def function(run: Run, value: Json) -> Json:
        async def action() -> Json:
            command = Command(("sleep", "1000"), tmp_path, 3600)
            outcome = await jobs.carry_out(f"{run.id}.0.{run.round}", command, run.stopping)
            return outcome.as_json()

        await run.step("sleep", action)
        return await run.step("next", action)

    async with opened(MemoryEngine(Memory(), {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f"))
        await eventually((tmp_path / "jobs/r.0.0/started").exists)
        await engine.cancel("r", ANN)
        info = await engine.wait("r", WITHIN)
    jobs.close()
    assert (info.state, info.stopped_at) == (RunState.CANCELLED, "next")
    result = info.steps[0].result
    assert isinstance(result, dict)
    assert result["ending"] == "stopped"


async def test_a_command_runs_on_while_nobody_carries_its_run(tmp_path: Path) -> None:
    memory = Memory()
    script = "echo begun >> effects; sleep 0.5; echo ended >> effects; exit 3"

    async def function(run: Run, value: Json) -> Json:
        async def action() -> Json:
            command = Command(("sh", "-c", script), tmp_path, 3600)
            with contextlib.closing(Jobs(tmp_path / "jobs")) as jobs:
                return (await jobs.carry_out(run.id, command)).as_json()

        return await run.step("command", action)

    async with opened(MemoryEngine(memory, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f"))
        await eventually((tmp_path / "effects").exists)
    await asyncio.sleep(0.7)
    async with opened(MemoryEngine(memory, {"f": function}, QUEUES)) as engine:
        result = (await engine.wait("r", WITHIN)).result
    assert isinstance(result, dict)
    assert (result["ending"], result["code"]) == ("exited", 3)
    assert (tmp_path / "effects").read_text() == "begun\nended\n"
