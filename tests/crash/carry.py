"""A life of an engine that carries runs and dies where it is told to.

Arguments: database URL, directory, how many runs, `points` or `random` or `nowhere`. With
`points` it kills itself once at each named point: a life dies at the first at which none died
before. It prints `ready`, and when all runs have ended the state of each.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from opsbook.durable.engines.dbos import DbosEngine
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.jobs.model import Command
from opsbook.durable.model import Queue, Submission
from opsbook.durable.port import Run
from opsbook.durable.values import Json
from tests.eventually import eventually

QUEUES = [Queue("work", poll=0.1), Queue("services", partitioned=True, poll=0.1)]
COMMANDS = 2


class Life:
    """The function of the runs, and the points at which it may die."""

    def __init__(self, directory: Path, mode: str) -> None:
        self._directory = directory
        self._mode = mode
        self._jobs = Jobs(directory / "jobs")

    def reach(self, point: str) -> None:
        if self._mode != "points":
            return
        try:
            (self._directory / f"died {point}").touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    async def carry(self, run: Run, value: Json) -> Json:
        """Commands, an effect under a key, a wait and a sleep."""
        self.reach("at the beginning")
        codes = []
        for index in range(COMMANDS):
            self.reach(f"before command {index}")
            codes.append(await run.step(f"command {index}", self._command(run, index)))
            self.reach(f"after command {index}")
        said = await run.wait_for("approval", 3600)
        self.reach("after the wait")
        await run.sleep("pause", 0.05)
        await run.step("key", self._append(run))
        self.reach("at the end")
        return {"codes": codes, "said": said}

    def _command(self, run: Run, index: int) -> Callable[[], Awaitable[Json]]:
        async def action() -> Json:
            self.reach(f"in command {index}")
            job = f"{run.id}.{index}.{run.round}"
            words = ("sh", "-c", f"echo {run.id}.{index} >> effects; sleep 0.05; exit {index}")
            command = Command(words, self._directory, 30)
            doing = asyncio.ensure_future(self._jobs.carry_out(job, command))
            place = self._directory / "jobs" / job
            await eventually(lambda: (place / "started").exists() or doing.done())
            self.reach(f"while command {index} runs")
            outcome = await doing
            self.reach(f"when command {index} is done")
            return [outcome.ending, outcome.code]

        return action

    def _append(self, run: Run) -> Callable[[], Awaitable[Json]]:
        async def action() -> Json:
            """As a receiver that takes a key does: what it has, it does not take again."""
            self.reach("before the key")
            effects = self._directory / "effects"
            if f"{run.id}.key\n" not in effects.read_text().splitlines(keepends=True):
                with effects.open("a") as file:
                    file.write(f"{run.id}.key\n")
            self.reach("after the key")
            return None

        return action


async def live(database: str, directory: Path, count: int, mode: str) -> None:
    life = Life(directory, mode)
    engine = DbosEngine(database, {"carry": life.carry}, QUEUES)
    await engine.open()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ids = [f"run{number}" for number in range(count)]
    for number, run_id in enumerate(ids):
        queue, partition = ("services", f"s{number % 2}") if number % 3 else ("work", None)
        await engine.submit(Submission(run_id, queue, "carry", number, partition))
        if not (await engine.show(run_id)).state.ended:
            await engine.signal(run_id, "approval", "yes", f"{run_id}.approval")
    for run_id in ids:
        info = await engine.wait(run_id, 60)
        names = " ".join(step.name.replace(" ", "-") for step in info.steps)
        sys.stdout.write(f"{run_id} {info.state} {info.result} {names}\n")
    await engine.close()


if __name__ == "__main__":
    database, directory, count, mode = sys.argv[1:]
    uvloop.run(live(database, Path(directory), int(count), mode))
