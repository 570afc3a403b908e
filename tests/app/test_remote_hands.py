"""What the steps of a further host act through."""

import socket
from pathlib import Path

import pytest

from opsbook.app.book import read_book
from opsbook.app.remote_hands import RemoteHands
from opsbook.core.clock import SystemClock
from opsbook.core.errors import BadInputError
from opsbook.durable.jobs.jobs import Jobs
from opsbook.probes.check import Check
from opsbook.probes.model import State
from opsbook.runbooks.output import Output
from opsbook.state.database import connect, sqlite_url
from tests.book.books import write_book


@pytest.fixture
def hands(tmp_path: Path) -> RemoteHands:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    text = f"""
platform: {{name: small}}
checks:
  door: {{tcp: {{host: 127.0.0.1, port: {port}}}}}
"""
    book = read_book(write_book(tmp_path, text))
    checks = {name: Check(name, settings) for name, settings in book.checks.items()}
    output = Output(connect(sqlite_url(tmp_path / "state.db")))
    return RemoteHands("north", checks, Jobs(tmp_path), str(tmp_path), SystemClock(), output)


async def test_a_check_is_looked_at_from_there(hands: RemoteHands) -> None:
    assert (await hands.look("door")).state is State.DOWN
    with pytest.raises(BadInputError, match=r"no such check .got 'dor'.: did you mean door"):
        await hands.look("dor")


async def test_what_is_elsewhere_is_refused_and_it_is_said_where(hands: RemoteHands) -> None:
    elsewhere = "not on host north: .* where `opsbook up` runs; leave `host` out of this step"
    for asked in (
        hands.query("up"),
        hands.standing("gateway"),
        hands.replicas("gateway"),
        hands.order("gateway", "restart", by="ada", why="it hangs", key="k"),
        hands.notify("team", "subject", "text", "key"),
    ):
        with pytest.raises(BadInputError, match=elsewhere):
            await asked
