"""Runbooks of a whole watch, with steps on a further host whose agent is the real command."""

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from opsbook.durable.model import RunState
from opsbook.durable.port import DurableError
from opsbook.probes.model import State
from opsbook.runbooks.model import Request, RunView
from opsbook.runbooks.service import Runbooks
from opsbook.state.people import Person, Role
from tests.cli.run import OPSBOOK, opsbook
from tests.durable.databases import fresh_database
from tests.eventually import eventually
from tests.servers.crashing import Crashing, crashing_postgres
from tests.services.platform import Platform, watched

ADA = Person("ada", Role.OPERATOR)
WITHIN = 60.0


@pytest.fixture(scope="module")
def crashing() -> Iterator[Crashing]:
    with crashing_postgres() as server:
        yield server


@pytest.fixture
def database(crashing: Crashing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_URL", fresh_database(crashing.server))


def book_of(directory: Path, *steps: dict[str, Any], shared: bool = True) -> Path:
    """A book with one runbook `mend` and the further host `north`."""
    book: dict[str, Any] = {"platform": {"name": "small"}, "runbooks": {"mend": {"steps": steps}}}
    if shared:
        book |= {"state": {"database": "env:STATE_URL"}, "hosts": {"north": {}}}
    file = directory / "book.yaml"
    file.write_text(json.dumps(book))
    return file


def command(script: str, **settings: Any) -> dict[str, Any]:
    """A step that proves nothing and needs no proof."""
    return {"command": {"argv": ["sh", "-c", script]}, "class": 0, **settings}


@contextmanager
def agent(book: Path) -> Iterator["subprocess.Popen[bytes]"]:
    words = [*OPSBOOK, "agent", str(book), "--host", "north", "--data", str(book.parent / "north")]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


@asynccontextmanager
async def watching(book: Path) -> AsyncIterator[tuple[Platform, Runbooks]]:
    async with watched(book, book.parent / "data") as platform:
        runs, runbooks = platform.app.runs, platform.app.runbooks
        assert runs is not None
        assert runbooks is not None
        await asyncio.wait_for(runs.opened.wait(), WITHIN)
        yield platform, runbooks


async def end_of(runbooks: Runbooks, run: str) -> RunView:
    """The run when it has ended, whatever the database does meanwhile."""
    async with asyncio.timeout(WITHIN):
        while True:
            try:
                view = await runbooks.show(run)
            except DurableError:
                pass
            else:
                if view.state.ended:
                    return view
            await asyncio.sleep(0.1)


async def carried(runbooks: Runbooks) -> RunView:
    run = await runbooks.request(Request("mend", ADA, "it hangs"))
    return await end_of(runbooks, run)


async def test_a_run_is_asked_for_carried_and_told_on_sqlite(tmp_path: Path) -> None:
    book = book_of(tmp_path, command("echo hello"), shared=False)
    async with watching(book) as (platform, runbooks):
        view = await carried(runbooks)
        assert platform.app.front.view.status().runs.trouble is None
        kinds = [entry["kind"] for entry in platform.ledger()]
    assert view.state is RunState.SUCCEEDED, view
    assert kinds.index("run.requested") < kinds.index("run.started") < kinds.index("run.ended")


@pytest.mark.usefixtures("database")
async def test_a_step_of_a_host_is_carried_out_by_its_agent(tmp_path: Path) -> None:
    book = book_of(tmp_path, command("echo here"), command("echo there", host="north"))
    # The agent has nothing to do with the data of the watch.
    async with watching(book) as (platform, runbooks):
        with agent(book):
            view = await carried(runbooks)
            await eventually(lambda: host(platform).state == "up", WITHIN)
    assert view.state is RunState.SUCCEEDED, view
    assert len(list((tmp_path / "data/jobs").iterdir())) == 1
    assert len(list((tmp_path / "north/jobs").iterdir())) == 1


@pytest.mark.usefixtures("database")
async def test_what_a_command_there_writes_is_followed_while_it_runs(tmp_path: Path) -> None:
    script = "for n in 1 2 3; do echo $n; sleep 1.5; done; printf last"
    book = book_of(tmp_path, command(script, host="north"), command("echo here"))
    async with watching(book) as (_, runbooks):
        with agent(book):
            run = await runbooks.request(Request("mend", ADA, "it hangs"))
            came = [(line, time.monotonic()) async for line in runbooks.follow(run)]
        again = [line async for line in runbooks.follow(run)]
    assert [line for line, _ in came] == again
    written = {line.text: at for line, at in came if line.kind == "output"}
    assert list(written) == ["1", "2", "3", "last", "here"]
    # Each a second and a half after the one before: none has waited for the end.
    assert written["2"] - written["1"] > 0.7
    assert written["last"] - written["1"] > 3


@pytest.mark.usefixtures("database")
async def test_who_approves_sees_what_would_change_there(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("")
    undo = {"no_rollback": "it cannot be taken back", "class": 3, "host": "north"}
    proof = {"verify": {"within": "1s", "steps": [command("true")]}}
    book = book_of(tmp_path, {**command(f"rm {there}"), **undo, **proof})
    async with watching(book) as (_, runbooks):
        with agent(book):
            run = await runbooks.request(Request("mend", ADA, "it hangs", confirm="mend"))
            async with asyncio.timeout(WITHIN):
                while (waiting := await asks(runbooks, run)) is None:
                    await asyncio.sleep(0.1)
            await runbooks.refuse(run, Person("bert", Role.APPROVER), "no")
    assert "It would change sh -c" in waiting
    assert f"not run → what `sh -c 'rm {there}'` makes of it" in waiting


async def asks(runbooks: Runbooks, run: str) -> str | None:
    """What it asks an approver, once it does."""
    waiting = (await runbooks.show(run)).waiting
    return waiting.what if waiting is not None and waiting.kind == "approval" else None


def host(platform: Platform) -> Any:
    return platform.app.front.view.status().hosts[0]


@pytest.mark.usefixtures("database")
async def test_a_host_whose_agent_never_came_is_unknown_and_so_is_the_platform(
    tmp_path: Path,
) -> None:
    async with watching(book_of(tmp_path, command("true"))) as (platform, _):
        await eventually(lambda: "never came" in host(platform).message)
        assert host(platform).state == "unknown"
        assert platform.app.front.view.verdict() is State.UNKNOWN


@pytest.mark.usefixtures("database")
async def test_an_agent_killed_in_a_command_is_followed_by_one_that_takes_it_up(
    tmp_path: Path,
) -> None:
    effects = tmp_path / "effects"
    script = f"echo once >> {effects}; sleep 3; echo done"
    book = book_of(tmp_path, command(script, host="north"))
    async with watching(book) as (_, runbooks):
        with agent(book) as first:
            run = await runbooks.request(Request("mend", ADA, "it hangs"))
            await eventually(effects.exists, WITHIN)
            first.send_signal(signal.SIGKILL)
            await asyncio.to_thread(first.wait)
        with agent(book):
            view = await end_of(runbooks, run)
    assert view.state is RunState.SUCCEEDED, view
    assert effects.read_text() == "once\n"


@pytest.mark.usefixtures("database")
async def test_a_database_away_for_ten_seconds_in_a_step_costs_nothing(
    crashing: Crashing, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    script = f"echo once >> {effects}; sleep 2; echo done"
    book = book_of(tmp_path, command(script, host="north"), command("echo after"))
    async with watching(book) as (_, runbooks):
        with agent(book):
            run = await runbooks.request(Request("mend", ADA, "it hangs"))
            await eventually(effects.exists, WITHIN)
            await asyncio.to_thread(crashing.crash)
            await asyncio.sleep(10)
            await asyncio.to_thread(crashing.start)
            view = await end_of(runbooks, run)
    assert view.state is RunState.SUCCEEDED, view
    assert effects.read_text() == "once\n"


def test_an_agent_on_sqlite_is_refused_with_the_reason(tmp_path: Path) -> None:
    book = book_of(tmp_path, command("true"), shared=False)
    refused = opsbook("agent", book, "--host", "north", "--data", tmp_path / "north")
    assert refused.returncode == 2
    assert "SQLite is a file of one machine" in refused.stderr
