"""`performance-degradation` on a slow process and a real PostgreSQL."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.eventually import eventually
from tests.platforms.responding import Responding, book, responding, response, states, step
from tests.servers.loopback import free_port
from tests.servers.postgres import Postgres, postgres

SLOW = """
import os, signal, socket, sys, time
port, moods = int(sys.argv[1]), sys.argv[2]
def mend(how):
    if os.path.exists(moods + "/mended-by-" + how):
        os.remove(moods + "/slow")
def reload(*_):
    mend("reload")
signal.signal(signal.SIGHUP, reload)
if os.path.exists(moods + "/slow"):
    mend("restart")
server = socket.create_server(("127.0.0.1", port))
while True:
    connection, _ = server.accept()
    if os.path.exists(moods + "/slow"):
        time.sleep(0.2)
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    connection.close()
"""
"""Answers, slowly while there is a file `slow`."""

LOOKS = ["before", "pressure", "consumers", "slow", "idle"]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture
def idle(server: Postgres) -> Iterator[psycopg.Connection]:
    with server.connect() as idle:
        idle.execute("SELECT 1")
        yield idle


def slow_book(directory: Path, server: Postgres, port: int = 0) -> Path:
    own = free_port()
    (directory / "slow").touch()
    command = [sys.executable, "-S", "-c", SLOW, str(own), str(directory)]
    process = {"command": command, "stop_grace": "1s", "reload_signal": "HUP"}
    answers = {
        "service": "a",
        "http": {"url": f"http://127.0.0.1:{own}/"},
        "every": "200ms",
        "retry_every": "50ms",
        "conditions": {
            "status": {"equals": 200},
            "latency_seconds": {"at_most": {"warning": "100ms"}},
        },
    }
    text = json.dumps(response("degradation"))
    runbooks = json.loads(text.replace('"20s"', '"1500ms"').replace('"60s"', '"3s"'))
    login = f"{server.user}:{server.password}@{server.host}:{port or server.port}"
    url = f"postgresql://{login}/postgres"
    services = {"a": {"process": process, "ports": [own], "restart": {"at_most": 0}}}
    return book(directory, runbooks, services, {"a-answers": answers}, database_url=url)


async def mended(there: Responding, **more: Any) -> Any:
    await there.platform.well("a")
    given = {"service": "a", "check": "a-answers", "idle_for": "0s", **more}
    return await there.run("performance-degradation", "a", **given)


async def test_idle_connections_go_first_and_nothing_else_if_that_helps(
    tmp_path: Path, server: Postgres, idle: psycopg.Connection
) -> None:
    file = slow_book(tmp_path, server)
    async with responding(file, tmp_path / "data") as there:
        await there.platform.well("a")
        pid = there.platform.pid("a")

        def helped() -> bool:
            if not idle.closed and not alive(server, idle):
                (tmp_path / "slow").unlink(missing_ok=True)
                return True
            return False

        waiting = eventually(helped, 20)
        run, _ = await asyncio.gather(mended(there), waiting)
        assert there.platform.pid("a") == pid
    assert run.state == "succeeded", run.error
    assert states(run)["mend.then.disconnect"] == "done"
    assert states(run)["mend.then.reload"] == "skipped"
    assert states(run)["mend.then.restart"] == "skipped"


def alive(server: Postgres, connection: psycopg.Connection) -> bool:
    with server.connect() as other:
        found = other.execute(
            "SELECT 1 FROM pg_stat_activity WHERE pid = %s", [connection.info.backend_pid]
        ).fetchone()
    return found is not None


async def test_then_it_is_reloaded(tmp_path: Path, server: Postgres) -> None:
    (tmp_path / "mended-by-reload").touch()
    async with responding(slow_book(tmp_path, server), tmp_path / "data") as there:
        run = await mended(there, idle_for="1h")
    assert run.state == "succeeded", run.error
    assert states(run)["mend.then.disconnect"] == "skipped"
    assert states(run)["mend.then.reload"] == "done"
    assert states(run)["mend.then.restart"] == "skipped"


async def test_and_only_then_that_one_service_is_restarted(
    tmp_path: Path, server: Postgres
) -> None:
    async with responding(slow_book(tmp_path, server), tmp_path / "data") as there:
        await there.platform.well("a")
        (tmp_path / "mended-by-restart").touch()
        pid = there.platform.pid("a")
        run = await mended(there, idle_for="1h")
        assert there.platform.pid("a") != pid
    assert run.state == "succeeded", run.error
    assert states(run)["mend.then.reload"] == "failed"
    assert states(run)["mend.then.restart"] == "done"


async def test_where_nothing_helps_it_stops_and_says_so(tmp_path: Path, server: Postgres) -> None:
    async with responding(slow_book(tmp_path, server), tmp_path / "data") as there:
        run = await mended(there, idle_for="1h")
    assert run.state == "failed"
    assert "not proven within 3 s" in (run.error or "")


async def test_what_is_quick_is_left_alone(
    tmp_path: Path, server: Postgres, idle: psycopg.Connection
) -> None:
    file = slow_book(tmp_path, server)
    (tmp_path / "slow").unlink()
    async with responding(file, tmp_path / "data") as there:
        run = await mended(there)
    assert run.state == "succeeded", run.error
    assert set(states(run)) == {*LOOKS, "mend"}
    assert alive(server, idle)


async def test_it_shows_where_the_time_goes(
    tmp_path: Path, server: Postgres, idle: psycopg.Connection
) -> None:
    file = slow_book(tmp_path, server)
    (tmp_path / "slow").unlink()
    async with responding(file, tmp_path / "data") as there:
        run = await mended(there)
    found: Any = step(run, "idle").result
    consumers: Any = step(run, "consumers").result
    assert idle.info.backend_pid in [row["pid"] for row in found["rows"]]
    assert "python" in consumers["output"]


async def test_without_its_database_it_goes_on(tmp_path: Path, server: Postgres) -> None:
    (tmp_path / "mended-by-reload").touch()
    file = slow_book(tmp_path, server, free_port())
    async with responding(file, tmp_path / "data") as there:
        run = await mended(there)
    assert run.state == "succeeded", run.error
    assert states(run)["slow"] == "failed"
    assert states(run)["mend.then.reload"] == "done"
