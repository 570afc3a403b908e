"""What is done to databases, in which order, and what the ledger says of it."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from opsbook.core.clock import ManualClock
from opsbook.core.errors import BadInputError
from opsbook.databases.model import DatabaseError, End, Level
from opsbook.databases.recorder import FIGURE, FigureRecorder
from opsbook.databases.service import Databases, Round
from opsbook.databases.settings import database_settings_type
from opsbook.metrics.model import Matcher, is_stale
from opsbook.metrics.stores.embedded import Embedded
from opsbook.state.database import reading
from opsbook.state.ledger import Ledger, read_entries
from tests.databases.engines.contract import NOW
from tests.databases.engines.test_sqlite import MOVE, filled, value
from tests.eventually import eventually
from tests.servers.postgres import postgres
from tests.state.databases import ledger_in

STEPS = [{"analyze": {}}, {"retention": MOVE}]


@dataclass
class Scene:
    databases: Databases
    clock: ManualClock
    ledger: Ledger
    engine: Engine
    store: Embedded

    async def maintained(self, confirmed: str = "") -> Round:
        begun = await self.databases.maintain("books", "ada", "weekly", confirmed)
        await eventually(lambda: begun.ended is not None)
        return begun

    async def entries(self, kind: str) -> list[dict[str, Any]]:
        await self.ledger.flush(within=5)
        with reading(self.engine) as connection:
            return [json.loads(each.body) for each in read_entries(connection, kind=kind)]


@asynccontextmanager
async def scene(directory: Path, *steps: Any, **settings: Any) -> AsyncIterator[Scene]:
    file = directory / "books.db"
    known = {"sqlite": {"path": str(file)}, "lock_wait": "200ms", "maintain": list(steps)}
    made = database_settings_type(["sqlite"]).model_validate({**known, **settings})
    store, clock = Embedded(), ManualClock(NOW)
    store.bind(directory / "store", clock)
    store.start()
    with ledger_in(directory) as (engine, ledger):
        recorder = FigureRecorder(store)

        databases = Databases({"books": made}, recorder, ledger, clock)
        try:
            yield Scene(databases, clock, ledger, engine, store)
        finally:
            store.close()


async def test_what_is_of_class_2_waits_for_the_name_and_the_rest_is_done(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    async with scene(tmp_path, *STEPS) as it:
        half = await it.maintained()
        with pytest.raises(BadInputError, match="confirmed was 'book'"):
            await it.databases.maintain("books", "ada", "weekly", "book")
        assert value(file, "SELECT count(*) FROM archive") == 0
        whole = await it.maintained("books")
    assert [each.end for each in half.results] == [End.DONE, End.REFUSED]
    assert "class 2: say `--confirm books`" in half.results[1].said
    assert (half.done, whole.done) == (False, True)
    assert value(file, "SELECT count(*) FROM archive") == 279


async def test_the_ledger_has_who_why_what_and_how_it_was_before_and_after(tmp_path: Path) -> None:
    filled(tmp_path / "books.db")
    async with scene(tmp_path, *STEPS) as it:
        await it.maintained("books")
        (begun,) = await it.entries("database.maintenance.begun")
        _, moved = await it.entries("database.task")
        (ended,) = await it.entries("database.maintenance.ended")
    assert (begun["why"], begun["confirmed"], len(begun["tasks"])) == ("weekly", True, 2)
    assert (moved["end"], moved["before"]["rows"], moved["after"]["rows"]) == ("done", 279, 0)
    assert moved["statements"][0].startswith("INSERT INTO")
    assert (ended["done"], ended["before"]["rows"], ended["after"]["rows"]) == (True, 1000, 1000)


async def test_after_a_failed_integrity_check_nothing_is_done(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    with file.open("r+b") as stream:
        stream.seek(4096 * 3)
        stream.write(b"\xff" * 4096 * 4)
    async with scene(tmp_path, {"integrity": {}}, {"optimise": {}}) as it:
        found = await it.maintained("books")
    assert [each.end for each in found.results] == [End.FAILED, End.REFUSED]
    assert found.results[1].said == "not done, for full integrity check failed"


async def test_a_task_that_fails_does_not_keep_the_others_from_being_done(tmp_path: Path) -> None:
    filled(tmp_path / "books.db")
    bad = {"retention": {**MOVE, "table": "nope"}}
    async with scene(tmp_path, bad, {"analyze": {}}) as it:
        found = await it.maintained("books")
    assert [each.end for each in found.results] == [End.REFUSED, End.DONE]


async def test_two_maintenances_do_not_overlap(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    async with scene(tmp_path, *STEPS) as it:
        with closing(sqlite3.connect(file)) as other:
            other.execute("BEGIN IMMEDIATE")
            first = await it.databases.maintain("books", "ada", "weekly", "")
            with pytest.raises(BadInputError, match="is being maintained already"):
                await it.databases.maintain("books", "bob", "weekly", "")
        await eventually(lambda: first.ended is not None)


async def test_stopped_in_the_middle_its_end_is_written_down(tmp_path: Path) -> None:
    filled(tmp_path / "books.db", 20_000)
    async with scene(tmp_path, {"retention": {**MOVE, "batch": 5}}) as it:
        running = asyncio.create_task(it.databases.run())
        begun = await it.databases.maintain("books", "ada", "weekly", "books")
        await eventually(lambda: value(tmp_path / "books.db", "SELECT count(*) FROM archive") > 0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        (ended,) = await it.entries("database.maintenance.ended")
    assert (begun.results, begun.done, ended["done"]) == ([], False, False)


async def test_figures_are_samples_and_end_when_they_are_not_known_any_more(
    tmp_path: Path,
) -> None:
    file = filled(tmp_path / "books.db")
    async with scene(tmp_path) as it:
        await it.databases.look("books")
        file.rename(tmp_path / "gone.db")
        it.clock.advance(60)
        gone = await it.databases.look("books")
        with pytest.raises(DatabaseError, match="No such file"):
            await it.databases.plan("books")
        matchers = (Matcher("__name__", "=", FIGURE), Matcher("figure", "=", "rows"))
        (frame,) = it.store.select(matchers, 0, 2**52)
    assert (gone.level, "No such file" in gone.trouble) == (Level.UNKNOWN, True)
    assert frame.values[0] == 1000.0
    assert is_stale(frame.values[1])


async def test_what_another_opsbook_maintains_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path / "books.db")
    with postgres() as server:
        monkeypatch.setenv(
            "BOOKS",
            f"postgresql://{server.user}:{server.password}"
            f"@{server.host}:{server.port}/{server.database}",
        )
        known = {"postgres": {"database": "env:BOOKS"}, "maintain": [{"analyze": {}}]}
        made = database_settings_type(["postgres"]).model_validate(known)
        async with scene(tmp_path) as it:
            it.databases.settings = {"books": made}
            async with made.engine.alone(made.patience):
                with pytest.raises(DatabaseError, match="another Opsbook maintains it"):
                    await it.databases.maintain("books", "ada", "weekly", "")
            assert it.databases.rounds == {}
            assert (await it.maintained()).done
            assert (await it.maintained()).done, "the first has let go of it"
