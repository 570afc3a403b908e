"""Drills that carry out a runbook and take it back, on a whole Opsbook."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.durable.databases import fresh_database
from tests.eventually import eventually
from tests.servers.postgres import Postgres, postgres
from tests.services.platform import Platform, one_service, watched

GREETS = {"check": {"name": "a-greets"}}
SILENT = {"check": {"name": "a-greets", "state": ["down"]}}
START = {"name": "start", "service": {"start": "a"}, "verify": {"steps": [GREETS]}}
STOP: dict[str, Any] = {
    "name": "stop",
    "service": {"stop": "a"},
    "verify": {"within": "10s", "every": "50ms", "steps": [SILENT]},
    "rollback": [START],
}
FAILS = {"name": "fails", "command": {"argv": ["false"]}, "class": 0}
LONG = {"name": "long", "command": {"argv": ["sleep", "60"]}, "class": 0}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


def book(directory: Path, *steps: Mapping[str, Any], lasts: str = "30s") -> Path:
    file = one_service(directory)
    content = json.loads(file.read_text())
    content["runbooks"] = {"close": {"steps": steps, "target": "a"}}
    content["drills"] = {
        "d": {
            "service": "a",
            "runbook": {"name": "close", "confirm": "a"},
            "lasts": lasts,
            "expect": {"recovered": {"within": "10s"}},
        }
    }
    file.write_text(json.dumps(content))
    return file


@asynccontextmanager
async def drilled(file: Path, directory: Path) -> AsyncIterator[tuple[Platform, dict[str, Any]]]:
    """The drill, carried out to its end."""
    async with watched(file, directory / "data") as platform:
        app = platform.app
        assert app.runs is not None
        await app.runs.opened.wait()
        await eventually(lambda: app.watch.checks["a-greets"].state == "up")
        run = await app.drills.request("d", "ada", "to see")
        info = await app.runs.engine.wait(run, 60)
        assert isinstance(info.result, dict), info
        yield platform, dict(info.result)


async def unproven(platform: Platform) -> tuple[str, ...]:
    assert platform.app.runbooks is not None
    (listed,) = await platform.app.runbooks.listed()
    return listed.unproven


async def test_a_rollback_that_was_exercised_is_proven(tmp_path: Path) -> None:
    async with drilled(book(tmp_path, STOP), tmp_path) as (platform, result):
        assert await unproven(platform) == ()
        told = [each["kind"] for each in platform.ledger() if each["kind"].startswith("drill.")]
    assert (result["state"], result["evidence"]["taken_back"]) == ("proved", ["stop"])
    assert told == ["drill.began", "drill.undone", "drill.proved"]


async def test_so_it_is_on_postgresql(tmp_path: Path, server: Postgres) -> None:
    file, url = book(tmp_path, STOP), tmp_path / "url"
    url.write_text(fresh_database(server))
    file.write_text(
        json.dumps({**json.loads(file.read_text()), "state": {"database": f"file:{url}"}})
    )
    async with drilled(file, tmp_path) as (platform, result):
        assert await unproven(platform) == ()
        assert [each["subject"] for each in platform.ledger("drill.proved")] == ["d"]
    assert result["state"] == "proved"


async def test_a_run_that_fails_proves_nothing(tmp_path: Path) -> None:
    async with drilled(book(tmp_path, FAILS, STOP), tmp_path) as (platform, result):
        assert await unproven(platform) == ("stop",)
    assert result["state"] == "failed"
    assert "fails: false ended with 1" in result["evidence"]["missed"][0]


async def test_a_run_without_anything_to_take_back_proves_nothing(tmp_path: Path) -> None:
    async with drilled(book(tmp_path, GREETS), tmp_path) as (_, result):
        pass
    (missed,) = result["evidence"]["missed"]
    assert missed.endswith("did nothing that could be taken back, so nothing is proven")


async def test_a_run_that_takes_too_long_is_cancelled(tmp_path: Path) -> None:
    async with drilled(book(tmp_path, LONG, lasts="1s"), tmp_path) as (_, result):
        pass
    assert "cancelled: the drill's time is over" in result["evidence"]["missed"][0]
