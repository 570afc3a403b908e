"""The whole watch with its state on a real PostgreSQL that comes and goes."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsbook.core.errors import BadInputError
from opsbook.services.events import ServiceVerified
from tests.cli.run import opsbook, opsbook_up, wait_for_state
from tests.durable.databases import fresh_database
from tests.eventually import eventually
from tests.servers.crashing import Crashing, crashing_postgres
from tests.services.platform import one_service, watched


@pytest.fixture(scope="module")
def crashing() -> Iterator[Crashing]:
    with crashing_postgres() as server:
        yield server


@pytest.fixture
def book(crashing: Crashing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One service, and its state in a database of its own."""
    monkeypatch.setenv("STATE_URL", fresh_database(crashing.server))
    file = one_service(tmp_path)
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "state": {"database": "env:STATE_URL"}}))
    return file


def told(book: Path) -> list[dict[str, Any]]:
    shown = opsbook("ledger", "show", "--book", book, "--last", 1000, "--json")
    assert not shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines()]


async def test_while_it_is_away_the_watch_goes_on_and_forgets_nothing(
    crashing: Crashing, book: Path, tmp_path: Path
) -> None:
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        await asyncio.to_thread(crashing.crash)
        platform.kill()
        await platform.until(ServiceVerified, 2)
        assert platform.app.ledger.trouble
        assert platform.app.front.view.status().ledger.waiting
        assert platform.app.front.view.verdict().value == "degraded"
        await asyncio.to_thread(crashing.start)
        await eventually(lambda: platform.app.ledger.trouble is None)
        assert await platform.app.ledger.flush(within=5)
    kinds = [entry["kind"] for entry in told(book)]
    for kind in ("service.died", "service.restart", "watch.stopped"):
        assert kinds.count(kind) == 1
    assert "all as they were written" in opsbook("ledger", "verify", "--book", book).stdout


def test_killed_and_started_again_it_goes_on_where_it_was(book: Path, tmp_path: Path) -> None:
    with opsbook_up(book, tmp_path / "data") as first:
        os.kill(first.pid, signal.SIGKILL)
        first.wait(10)
        with opsbook_up(book, tmp_path / "data"):
            entries = told(book)
    opsbook("down", book, "--data", tmp_path / "data")
    assert [entry["kind"] for entry in entries].count("watch.started") == 2
    assert [entry["kind"] for entry in entries].count("service.adopted") == 1


def test_a_second_watch_on_the_same_database_is_refused(book: Path, tmp_path: Path) -> None:
    with opsbook_up(book, tmp_path / "data"):
        second = opsbook("up", book, "--data", tmp_path / "other", "--port", 0)
        assert second.returncode == 2
        assert "one database is for one `opsbook up`; stop that one" in second.stderr
        wait_for_state(tmp_path / "data", "up")
    opsbook("down", book, "--data", tmp_path / "data")


async def test_another_platform_is_refused_on_the_same_database(book: Path, tmp_path: Path) -> None:
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
    content = json.loads(book.read_text())
    book.write_text(json.dumps({**content, "platform": {"name": "another"}}))
    with pytest.raises(BadInputError, match="belongs to platform 'small'"):
        async with watched(book, tmp_path / "other"):
            pass


def test_a_watch_that_cannot_reach_it_does_not_start(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_URL", "postgresql://keeper:open-sesame@127.0.0.1:1/ops")
    refused: subprocess.CompletedProcess[str] = opsbook("up", book, "--data", tmp_path / "data")
    assert refused.returncode == 2
    assert "127.0.0.1:1/ops cannot be reached: " in refused.stderr
    assert "open-sesame" not in refused.stderr
