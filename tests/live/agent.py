"""An agent whose steps are commands: `python -m tests.live.agent BOOK HOST DATA`.

What a step is given is the argument list of its command.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import uvloop

from opsbook.app.agent import Agent
from opsbook.app.book import read_book
from opsbook.durable.jobs.model import Command
from opsbook.durable.port import DurableFunction, Run
from opsbook.durable.values import Json
from opsbook.runbooks.hands import Hands
from opsbook.state.datadir import DataDir


def functions(hands: Hands) -> Mapping[str, DurableFunction]:
    """`step`: a command under the run's own name."""

    async def step(run: Run, value: Json) -> Json:
        assert isinstance(value, list)
        words = [str(each) for each in value]

        async def carry_out() -> Json:
            command = Command(words, Path(hands.directory), 60)
            return (await hands.jobs.carry_out(f"{run.id}.{run.round}", command)).as_json()

        return await run.step("command", carry_out)

    return {"step": step}


if __name__ == "__main__":
    book, host, data = sys.argv[1:]
    agent = Agent(read_book(Path(book)), host, DataDir(Path(data)), functions)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        uvloop.run(agent.run())
    finally:
        agent.close()
