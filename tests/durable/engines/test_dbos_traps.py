"""What DBOS would do if it were let: one test for each, named after what is prevented."""

import asyncio
import base64
import logging
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from opsbook.durable import database
from opsbook.durable.dbos.runs import DbosRuns
from opsbook.durable.engines import dbos as engine_module
from opsbook.durable.engines.dbos import DbosEngine
from opsbook.durable.model import Cancellation, Queue, RunState, Submission
from opsbook.durable.port import DurableError, Run
from opsbook.durable.values import Json
from opsbook.state.database import sqlite_url
from tests.durable.contract import ANN, QUEUES, WITHIN, Effects, failing, opened, waiting_for_signal
from tests.durable.databases import fresh_database
from tests.eventually import eventually
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL | str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "runs.db")
    return fresh_database(request.getfixturevalue("server"))


@pytest.fixture
def effects() -> Effects:
    return Effects()


def rows(url: URL | str, statement: str) -> list[tuple[object, ...]]:
    """What a statement finds in the database of runs, past DBOS."""
    engine = database.connect(url)
    schema = "" if engine.dialect.name == "sqlite" else f"{database.SCHEMA}."
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement.replace("@", schema)))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


async def test_the_run_of_one_host_is_never_carried_by_another(
    url: URL | str, effects: Effects
) -> None:
    async def function(run: Run, value: Json) -> Json:
        if run.round == 0:
            await run.step("one", failing)
        return await run.step("two", effects.do("two"))

    def host(name: str) -> DbosEngine:
        return DbosEngine(url, {"f": function}, [Queue(f"host.{name}", poll=0.05)], name)

    async with opened(host("a")) as engine:
        await engine.submit(Submission("r", "host.a", "f"))
        await engine.wait("r", WITHIN)
        effects.hold("two")
        await engine.resume("r")
        await eventually(lambda: effects.begun == ["two"])
    async with opened(host("b")) as engine:
        await engine.submit(Submission("new", "host.a", "f"))
        await asyncio.sleep(2.5)
        assert (await engine.show("r")).state is RunState.RUNNING
        assert (await engine.show("new")).state is RunState.WAITING
        assert effects.begun == ["two"]
    effects.let_go("two")
    async with opened(host("a")) as engine:
        assert (await engine.wait("r", WITHIN)).state is RunState.SUCCEEDED
        assert (await engine.wait("new", WITHIN)).state is RunState.FAILED
    assert effects.begun == ["two", "two"]


async def test_a_resumed_run_does_not_go_to_the_queue_that_all_listen_to(url: URL | str) -> None:
    async def function(run: Run, value: Json) -> Json:
        return await run.step("one", failing)

    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "nobody", "f", partition="db"))
        await engine.cancel("r", ANN)
        await engine.resume("r")
        await asyncio.sleep(1.5)
        assert (await engine.show("r")).state is RunState.WAITING
    query = "SELECT queue_name, queue_partition_key FROM @workflow_status"
    assert rows(url, query) == [("nobody", "db")]


async def test_a_second_process_does_not_take_over_running_work(
    url: URL | str, effects: Effects
) -> None:
    async def function(run: Run, value: Json) -> Json:
        return await run.step("one", effects.do("one"))

    effects.hold("one")
    script = (
        "import asyncio, sys; from opsbook.durable.engines.dbos import DbosEngine; "
        "asyncio.run(DbosEngine(sys.argv[1], {}, []).open())"
    )
    where = url if isinstance(url, str) else url.render_as_string(hide_password=False)
    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f"))
        await eventually(lambda: effects.begun)
        second = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", script, where], capture_output=True, text=True
        )
        assert "another opsbook carries the runs of 'controller'" in second.stderr
        effects.let_go("one")
        await engine.wait("r", WITHIN)
    assert effects.begun == ["one"]


async def test_who_lost_its_place_to_another_carries_no_more(
    server: Postgres, effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_KEEP_LOCK_EVERY", 0.0)

    async def function(run: Run, value: Json) -> Json:
        return await run.step("one", effects.do("one"))

    effects.hold("one")
    url = fresh_database(server)
    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f"))
        await eventually(lambda: effects.begun)
        with server.connect(dbname=url.rpartition("/")[2]) as thief:
            key = thief.execute(
                "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks "
                "WHERE locktype = 'advisory' AND pid IN (SELECT pid FROM pg_stat_activity "
                "WHERE application_name = 'opsbook runs of controller' "
                "AND datname = current_database())"
            ).fetchone()
            thief.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'opsbook runs of controller' "
                "AND datname = current_database()"
            )
            thief.execute("SELECT pg_advisory_lock(%s)", key)
            await eventually(lambda: "another opsbook carries" in str(engine.trouble))
            await asyncio.sleep(0.2)
        assert effects.done == []


async def test_a_run_outlives_the_loss_of_every_connection(
    server: Postgres, effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_KEEP_LOCK_EVERY", 0.0)

    async def function(run: Run, value: Json) -> Json:
        await run.step("one", effects.do("one"))
        return await run.step("two", effects.do("two"))

    effects.hold("one")
    url = fresh_database(server)
    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f"))
        await eventually(lambda: effects.begun)
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name LIKE 'opsbook%'"
        )
        effects.let_go("one")
        async with asyncio.timeout(WITHIN):
            while (await engine.wait("r", WITHIN)).state is not RunState.SUCCEEDED:
                pass
        await eventually(lambda: engine.trouble is None)
    assert effects.done == ["one", "two"]


async def test_looking_from_outside_carries_nothing(url: URL | str, effects: Effects) -> None:
    async def function(run: Run, value: Json) -> Json:
        return await run.step("one", effects.do("one"))

    async with opened(DbosEngine(url, {}, QUEUES)):
        pass
    runs = DbosRuns(url)
    try:
        await runs.submit(Submission("r", "work", "f"))
        await asyncio.sleep(1.5)
        assert [info.state for info in await runs.find()] == [RunState.WAITING]
        async with opened(DbosEngine(url, {"f": function}, QUEUES)):
            # Seen by who does not carry it.
            assert (await runs.wait("r", WITHIN)).state is RunState.SUCCEEDED
    finally:
        await runs.close()


async def test_looking_makes_no_database(tmp_path: Path) -> None:
    runs = DbosRuns(sqlite_url(tmp_path / "runs.db"))
    try:
        with pytest.raises(DurableError, match="there are no runs yet"):
            await runs.find()
    finally:
        await runs.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_is_gone_is_an_error_and_no_wait() -> None:
    runs = DbosRuns("postgresql://nobody:nothing@127.0.0.1:9/nowhere")
    try:
        async with asyncio.timeout(5):
            with pytest.raises(DurableError, match="cannot be reached"):
                await runs.find()
    finally:
        await runs.close()


async def test_the_end_of_a_run_is_seen_without_waiting_a_second(
    url: URL | str, effects: Effects
) -> None:
    async def function(run: Run, value: Json) -> Json:
        await run.step("one", effects.do("one"))
        return time.time()

    effects.hold("one")
    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f"))
        await eventually(lambda: effects.begun)
        waiting = asyncio.create_task(engine.wait("r", WITHIN))
        await asyncio.sleep(0.5)
        effects.let_go("one")
        ended = (await waiting).result
        assert isinstance(ended, float)
        assert time.time() - ended < 0.8


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch exploded",)


async def test_what_is_pickled_in_the_database_runs_no_code(
    url: URL | str, effects: Effects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bomb = base64.b64encode(pickle.dumps({"args": (Bomb(),), "kwargs": {}})).decode()

    async def function(run: Run, value: Json) -> Json:
        return await run.step("one", effects.do("one"))

    async with opened(DbosEngine(url, {}, ())) as engine:
        await engine.submit(Submission("r", "work", "f"))
    rows(url, f"UPDATE @workflow_input SET inputs = '{bomb}'")  # noqa: S608 - base64
    rows(url, "UPDATE @workflow_status SET serialization = 'py_pickle'")
    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        info = await engine.wait("r", WITHIN)
    assert info.state is RunState.FAILED
    assert effects.done == []
    assert not (tmp_path / "exploded").exists()


async def test_nothing_is_kept_as_pickle(url: URL | str) -> None:
    async def function(run: Run, value: Json) -> Json:
        await run.wait_for("signal", 60)
        return await run.step("one", failing)

    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f", [1]))
        await engine.signal("r", "signal", [2], "key")
        await engine.wait("r", WITHIN)
    for table in ("workflow_status", "operation_outputs", "notifications"):
        found = rows(url, f"SELECT DISTINCT serialization FROM @{table}")  # noqa: S608 - our own names
        assert found == [("portable_json",)], table


async def test_a_forgotten_run_leaves_nothing_behind(url: URL | str) -> None:
    async def function(run: Run, value: Json) -> Json:
        await run.wait_for("signal", 60)
        return await run.step("one", failing)

    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f", [1]))
        await engine.signal("r", "signal", [2], "key")
        await engine.wait("r", WITHIN)
        await engine.prune(time.time() + 60)
    for table in (
        "workflow_status",
        "workflow_input",
        "workflow_output",
        "operation_outputs",
        "notifications",
    ):
        count = f"SELECT count(*) FROM @{table}"  # noqa: S608 - our own names
        assert rows(url, count) == [(0,)], table


async def test_forgotten_runs_give_their_room_back_to_the_disk(tmp_path: Path) -> None:
    async def function(run: Run, value: Json) -> Json:
        return None

    file = tmp_path / "runs.db"
    async with opened(DbosEngine(sqlite_url(file), {"f": function}, QUEUES)) as engine:
        for number in range(8):
            await engine.submit(Submission(f"r{number}", "work", "f", "x" * 500_000))
        for number in range(8):
            await engine.wait(f"r{number}", WITHIN)
        await engine.prune(0)
        before = file.stat().st_size
        assert before > 4_000_000
        await engine.prune(time.time() + 60)
        assert file.stat().st_size < 1_000_000
        assert file.with_name("runs.db-wal").stat().st_size < 100_000


def test_a_commit_is_on_the_disk(tmp_path: Path) -> None:
    engine = database.connect(sqlite_url(tmp_path / "runs.db"))
    try:
        with engine.connect() as connection:
            pragmas = {
                name: connection.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
            }
    finally:
        engine.dispose()
    full = 2
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": full,
        "busy_timeout": 30_000,
        "foreign_keys": 1,
    }


async def test_the_files_are_private_and_stay_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    engine = DbosEngine("sqlite:///runs.db", {}, QUEUES)
    (tmp_path / "elsewhere").mkdir()
    async with opened(engine):
        monkeypatch.chdir(tmp_path / "elsewhere")
        await engine.submit(Submission("r", "work", "f"))
        found = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob("runs*")}
    assert {"runs.db", "runs.db-wal", "runs.lock"} <= set(found)
    assert set(found.values()) == {0o600}
    assert list((tmp_path / "elsewhere").iterdir()) == []


async def test_failures_and_cancellations_are_recorded_and_not_shouted(
    url: URL | str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)

    async def function(run: Run, value: Json) -> Json:
        if value:
            return await run.step("one", failing)
        return await run.wait_for("signal", 3600)

    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("failing", "work", "f", True))
        for run_id in ("cancelled", "waiting"):
            await engine.submit(Submission(run_id, "work", "f", False))
        await engine.wait("failing", WITHIN)
        await engine.cancel("cancelled", ANN)
        await engine.wait("cancelled", WITHIN)
        # Whoever carried it sees within a second that it is over.
        await asyncio.sleep(1.2)
    assert [record.getMessage() for record in caplog.records] == []
    assert capfd.readouterr().err == ""


async def test_a_job_fired_twice_for_one_moment_runs_once(url: URL | str, effects: Effects) -> None:
    async def function(run: Run, value: Json) -> Json:
        return await run.step("one", effects.do("one"))

    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        nightly = Submission("vacuum@2026-11-01T03:00:00Z", "work", "f")
        runs = DbosRuns(url)
        try:
            await asyncio.gather(*(each.submit(nightly) for each in [engine, runs] * 5))
            await engine.wait(nightly.id, WITHIN)
            await asyncio.sleep(0.3)
        finally:
            await runs.close()
    assert effects.done == ["one"]


async def test_a_run_outlives_more_restarts_than_dbos_allows(
    url: URL | str, effects: Effects
) -> None:
    async def function(run: Run, value: Json) -> Json:
        return await run.step("one", effects.do("one"))

    effects.hold("one")
    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f"))
        await eventually(lambda: effects.begun)
    rows(url, "UPDATE @workflow_status SET recovery_attempts = 100000")
    effects.let_go("one")
    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        assert (await engine.wait("r", WITHIN)).state is RunState.SUCCEEDED


async def test_the_loop_keeps_its_own_threads(url: URL | str, effects: Effects) -> None:
    """DBOS would put its pool in their place, which blocks with its database, and ends with it."""

    async def function(run: Run, value: Json) -> Json:
        await run.step("one", effects.do("one"))
        return await asyncio.to_thread(lambda: "mine")

    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f"))
        assert (await engine.wait("r", WITHIN)).result == "mine"
        name = await asyncio.to_thread(lambda: threading.current_thread().name)
        assert "dbos" not in name
    assert await asyncio.to_thread(lambda: "still there") == "still there"


async def test_a_closed_engine_leaves_no_thread_behind(url: URL | str, effects: Effects) -> None:
    """A thread that waits for a step for ever would keep the process from ending."""

    async def function(run: Run, value: Json) -> Json:
        await run.step("one", effects.do("one"))
        return await run.wait_for("signal", 3600)

    def threads() -> set[str]:
        names = {thread.name for thread in threading.enumerate()}
        return {name for name in names if not name.startswith(("asyncio_", "uvloop_"))}

    before = threads()
    effects.hold("one")
    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f"))
        await eventually(lambda: effects.begun)
    await eventually(lambda: threads() <= before)
    # Nor is the step that was under way taken for one that ended.
    effects.let_go("one")
    async with opened(DbosEngine(url, {"f": function}, QUEUES)) as engine:
        await eventually(lambda: effects.done)
        await waiting_for_signal(engine, "r")
    await eventually(lambda: threads() <= before)


async def test_a_writer_that_holds_the_database_is_waited_for(
    tmp_path: Path, effects: Effects
) -> None:
    async def function(run: Run, value: Json) -> Json:
        await run.step("one", effects.do("one"))
        return await run.step("two", effects.do("two"))

    effects.hold("one")
    file = tmp_path / "runs.db"
    async with opened(DbosEngine(sqlite_url(file), {"f": function}, QUEUES)) as engine:
        await engine.submit(Submission("r", "work", "f"))
        await eventually(lambda: effects.begun)
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        effects.let_go("one")
        await asyncio.sleep(1.0)
        assert effects.done == ["one"]
        other.execute("ROLLBACK")
        other.close()
        assert (await engine.wait("r", WITHIN)).state is RunState.SUCCEEDED
    assert effects.done == ["one", "two"]


async def test_a_cancellation_in_the_moment_of_the_start_lets_nothing_happen(
    url: URL | str, effects: Effects
) -> None:
    async def function(run: Run, value: Json) -> Json:
        return await run.step(run.id, effects.do(run.id))

    async with opened(DbosEngine(url, {"f": function}, [Queue("work", poll=0.01)])) as engine:
        ended = []
        for number in range(20):
            run_id = f"r{number}"
            await engine.submit(Submission(run_id, "work", "f"))
            await asyncio.sleep(number * 0.002)
            await engine.cancel(run_id, Cancellation("ann", "at once"))
            ended.append(await engine.wait(run_id, WITHIN))
        for info in ended:
            happened = info.id in effects.done
            assert happened == (info.state is RunState.SUCCEEDED), info


async def test_an_engine_with_nothing_to_do_costs_next_to_nothing(tmp_path: Path) -> None:
    queues = [Queue("work"), Queue("services", partitioned=True), Queue("host.a")]
    async with opened(DbosEngine(sqlite_url(tmp_path / "runs.db"), {}, queues)):
        await asyncio.sleep(1)
        began = time.process_time()
        await asyncio.sleep(2)
        spent = time.process_time() - began
    assert spent < 0.3, f"{spent / 2:.0%} of a core"
