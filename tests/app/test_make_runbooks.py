"""Runbooks as the application makes them."""

import socket
from pathlib import Path

from opsbook.app.runs import DurableRuns, make_runbooks
from opsbook.durable.engines.memory import Memory, MemoryEngine
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.model import RunState
from opsbook.runbooks.interpreter import RUNS
from opsbook.runbooks.model import Request
from opsbook.state.database import connect, sqlite_url
from opsbook.state.ledger import Ledger
from tests.runbooks.scene import ANNA, Alone, book, mark


async def test_a_step_for_the_host_of_this_name_stays_here(tmp_path: Path) -> None:
    hands = Alone(tmp_path)
    state = connect(sqlite_url(tmp_path / "state.db"))
    ledger = Ledger(state, hands.clock)
    runs = DurableRuns(MemoryEngine(Memory(), {}, [RUNS]), Jobs(tmp_path / "jobs"), hands.clock)
    books = book(tmp_path, near={"steps": [mark("one", host=socket.gethostname())]})
    runbooks = make_runbooks(books, [], hands, runs, state, ledger, hands.clock)
    await runs.engine.open()
    run = await runbooks.request(Request("near", ANNA, "a test"))
    assert (await runs.engine.wait(run, 10)).state is RunState.SUCCEEDED
    assert hands.effects() == ["one"]
    await runs.engine.close()
    ledger.close()
    state.dispose()
