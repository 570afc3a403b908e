"""`invalidate-sessions` against a real Redis."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.responding import book, responding, response, states, step
from tests.servers.redis import Redis, redis

PASSWORD = "redis-s3cret-pass"
SESSIONS = 25


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with redis(tmp_path_factory.mktemp("redis"), password=PASSWORD) as server:
        yield server


@pytest.fixture
def server(started: Redis) -> Redis:
    keys = [f"SET session:{number:08} x" for number in range(SESSIONS)]
    started.send("FLUSHALL", *keys, "SET cache:1 x")
    return started


def sessions(directory: Path, password: str = PASSWORD) -> Path:
    return book(directory, response("sessions"), redis_password=password)


def keys(server: Redis) -> int:
    return int(server.send("DBSIZE").split(":")[1].split()[0])


async def test_the_sessions_are_gone_and_nothing_else(tmp_path: Path, server: Redis) -> None:
    address = f"127.0.0.1:{server.port}"
    async with responding(sessions(tmp_path), tmp_path / "data") as there:
        run = await there.succeeded("invalidate-sessions", "session:*", address=address)
        found: Any = step(run, "found").result
        deleted: Any = step(run, "delete").result
        assert (found["matched"], deleted["deleted"]) == (SESSIONS, SESSIONS)
        assert there.approvals == 1
        told = await there.told("run.approved")
    assert keys(server) == 1
    assert [(entry["subject"], entry["actor"]) for entry in told] == [(run.id, "bert")]


async def test_without_consent_nothing_is_deleted(tmp_path: Path, server: Redis) -> None:
    address = f"127.0.0.1:{server.port}"
    async with responding(sessions(tmp_path), tmp_path / "data") as there:
        run = await there.failed("invalidate-sessions", "session:*", consent=False, address=address)
    assert "refused by bert" in (run.error or "")
    assert keys(server) == SESSIONS + 1


async def test_where_there_are_none_nobody_is_asked(tmp_path: Path, server: Redis) -> None:
    address = f"127.0.0.1:{server.port}"
    server.send("FLUSHALL")
    async with responding(sessions(tmp_path), tmp_path / "data") as there:
        run = await there.succeeded("invalidate-sessions", "session:*", address=address)
        assert states(run) == {"found": "done", "delete": "skipped"}
        assert there.approvals == 0


async def test_a_wrong_password_ends_it_before_anybody_is_asked(
    tmp_path: Path, server: Redis
) -> None:
    address = f"127.0.0.1:{server.port}"
    async with responding(sessions(tmp_path, "wr0ng-pass"), tmp_path / "data") as there:
        run = await there.failed("invalidate-sessions", "session:*", address=address)
        assert there.approvals == 0
    assert "WRONGPASS" in (run.error or "")
    assert "wr0ng-pass" not in (run.error or "")
    assert keys(server) == SESSIONS + 1
