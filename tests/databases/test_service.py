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
from opsbook.databases.care import Care, CareState
from opsbook.databases.model import DatabaseError, End, Level
from opsbook.databases.recorder import FIGURE, FigureRecorder
from opsbook.databases.round import Round
from opsbook.databases.service import QUEUE, Databases
from opsbook.databases.settings import database_settings_type
from opsbook.durable.engines.memory import Memory, MemoryEngine
from opsbook.metrics.model import Matcher, is_stale
from opsbook.metrics.stores.embedded import Embedded
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import Ledger, read_entries
from opsbook.state.people import Person, Role
from tests.databases.engines.contract import NOW
from tests.databases.engines.test_sqlite import DAY, MOVE, filled, value
from tests.eventually import eventually
from tests.servers.postgres import Postgres, postgres

Steps = tuple[dict[str, Any], ...]
STEPS = [{"analyze": {}}, {"retention": MOVE}]
APPROVER = Person("grace", Role.APPROVER)


@dataclass
class Scene:
    databases: Databases
    clock: ManualClock
    ledger: Ledger
    engine: Engine
    store: Embedded
    carrier: MemoryEngine

    async def maintained(self, confirmed: str = "") -> Round:
        begun = await self.databases.maintain("books", "ada", "weekly", confirmed)
        await eventually(lambda: begun.ended is not None)
        return begun

    async def due(self) -> Round:
        """What begins by itself, when it is over."""
        await self.databases.turn()
        (run, *_) = await self.carrier.find()
        await self.carrier.wait(run.id, 10)
        return self.databases.rounds["books"]

    @property
    def care(self) -> Care:
        return self.databases.care("books")

    async def entries(self, kind: str) -> list[dict[str, Any]]:
        await self.ledger.flush(within=5)
        with reading(self.engine) as connection:
            return [json.loads(each.body) for each in read_entries(connection, kind=kind)]


@asynccontextmanager
async def scene(
    directory: Path, *steps: Any, memory: Memory | None = None, **settings: Any
) -> AsyncIterator[Scene]:
    file = directory / "books.db"
    known = {"sqlite": {"path": str(file)}, "lock_wait": "200ms", "maintain": list(steps)}
    known |= settings
    if "postgres" in settings:
        del known["sqlite"]
    made = database_settings_type(["sqlite", "postgres"]).model_validate(known)
    store, clock = Embedded(), ManualClock(NOW)
    store.bind(directory / "store", clock)
    store.start()
    engine = connect(sqlite_url(directory / "state.db"))
    ledger = Ledger(engine, clock)
    databases = Databases({"books": made}, FigureRecorder(store), engine, ledger, clock)
    carrier = MemoryEngine(memory or Memory(), databases.functions, [QUEUE])
    databases.connect(carrier)
    try:
        await databases.start()
        await carrier.open()
        yield Scene(databases, clock, ledger, engine, store, carrier)
    finally:
        await carrier.close()
        ledger.close()
        engine.dispose()
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


async def test_what_nobody_could_begin_keeps_nobody_from_it_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path / "books.db")
    async with scene(tmp_path, *STEPS) as it:
        with monkeypatch.context() as late:
            late.setattr("opsbook.databases.service._START_WITHIN", -1.0)
            begun = await it.databases.maintain("books", "ada", "weekly", "")
            await it.carrier.wait(begun.id, 10)
        await it.databases.turn()
        assert begun.ended is not None
        assert "nobody started it in time" in begun.trouble
        assert (await it.maintained("books")).done


async def test_stopped_in_the_middle_the_next_life_goes_on(tmp_path: Path) -> None:
    file, memory = filled(tmp_path / "books.db", 2000), Memory()
    steps: Steps = ({"retention": {**MOVE, "batch": 5}}, {"analyze": {}})
    async with scene(tmp_path, *steps, memory=memory) as it:
        begun = await it.databases.maintain("books", "ada", "weekly", "books")
        await eventually(lambda: value(file, "SELECT count(*) FROM archive") > 0)
    assert value(file, "SELECT count(*) FROM archive") < 1279
    async with scene(tmp_path, *steps, memory=memory) as it:
        await it.carrier.wait(begun.id, 30)
        found = it.databases.rounds["books"]
        kinds = [each["end"] for each in await it.entries("database.task")]
        (_,) = await it.entries("database.maintenance.begun")
        (ended,) = await it.entries("database.maintenance.ended")
    assert (found.done, ended["done"], kinds) == (True, True, ["done", "done"])
    assert value(file, "SELECT count(*) FROM archive") == 1279
    assert value(file, "SELECT count(*) FROM (SELECT DISTINCT id FROM archive)") == 1279


async def test_a_round_is_known_in_later_lives(tmp_path: Path) -> None:
    filled(tmp_path / "books.db")
    memory = Memory()
    async with scene(tmp_path, *STEPS, memory=memory) as it:
        done = await it.maintained("books")
        await it.carrier.wait(done.id, 10)
    async with scene(tmp_path, *STEPS, memory=memory) as it:
        await it.databases.recall()
        known = it.databases.rounds["books"]
        last = it.care.last
    assert known.results == done.results
    assert known.done
    assert last is not None
    assert (last.run, last.by, last.done) == (done.id, "ada", True)


async def test_what_is_under_another_name_now_is_not_touched(tmp_path: Path) -> None:
    file, memory = filled(tmp_path / "books.db", 2000), Memory()
    steps: Steps = ({"retention": {**MOVE, "batch": 5}}, {"analyze": {}})
    async with scene(tmp_path, *steps, memory=memory) as it:
        begun = await it.databases.maintain("books", "ada", "weekly", "books")
        await eventually(lambda: value(file, "SELECT count(*) FROM archive") > 0)
    other = filled(tmp_path / "other.db")
    async with scene(tmp_path, *steps, memory=memory, sqlite={"path": str(other)}) as it:
        await it.carrier.wait(begun.id, 30)
        found = it.databases.rounds["books"]
    assert "does not call sqlite" in found.trouble
    assert value(other, "SELECT count(*) FROM archive") == 0


async def test_what_is_due_does_class_1_and_waits_for_a_signature_with_the_rest(
    tmp_path: Path,
) -> None:
    file = filled(tmp_path / "books.db")
    async with scene(tmp_path, *STEPS, maintain_every="7d") as it:
        before = it.care
        half = await it.due()
        waits = it.care
        await it.databases.turn()
        assert len(await it.carrier.find()) == 1, "what waits is not begun again"
        with pytest.raises(BadInputError, match="takes the role approver"):
            await it.databases.sign("books", Person("oz", Role.OPERATOR), "I like it")
        with pytest.raises(BadInputError, match="read it again"):
            await it.databases.sign("books", APPROVER, "ok", "0" * 64)
        assert value(file, "SELECT count(*) FROM archive") == 0
        it.clock.advance(60)
        await it.databases.sign("books", APPROVER, "looked at it", it.care.digest[:12])
        whole = await it.due()
        (signed,) = await it.entries("database.plan_signed")
        begun = await it.entries("database.maintenance.begun")
    assert (before.state, before.needs_signature) == (CareState.WAITING, True)
    assert [each.end for each in half.results] == [End.DONE, End.WAITING]
    assert (waits.state, half.done, half.waiting) == (CareState.WAITING, False, True)
    assert "opsbook db sign books" in waits.why
    assert (whole.done, value(file, "SELECT count(*) FROM archive")) == (True, 280)
    assert (signed["why"], signed["digest"]) == ("looked at it", before.digest)
    assert [each["signed_by"] for each in begun] == ["", "grace"]


async def test_a_changed_list_is_unsigned_again_and_says_so(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    async with scene(tmp_path, *STEPS, maintain_every="7d") as it:
        await it.databases.sign("books", APPROVER, "looked at it")
        assert (it.care.signed, it.care.state) == (True, CareState.NEVER_RAN)
    changed: Steps = ({"analyze": {}}, {"retention": {**MOVE, "older_than": "1d"}})
    async with scene(tmp_path, *changed, maintain_every="7d") as it:
        found, ran = it.care, await it.due()
    async with scene(tmp_path, *STEPS, maintain_every="7d") as it:
        back = it.care
    assert (found.signed, found.state) == (False, CareState.WAITING)
    assert "what was signed has changed since" in found.why
    assert [each.end for each in ran.results] == [End.DONE, End.WAITING]
    assert value(file, "SELECT count(*) FROM archive") == 0
    assert back.signed


async def test_a_time_that_was_missed_for_days_comes_once(tmp_path: Path) -> None:
    filled(tmp_path / "books.db")
    memory = Memory()
    async with scene(tmp_path, {"analyze": {}}, memory=memory, maintain_at="03:30") as it:
        assert not await it.carrier.find()
        it.clock.advance(DAY)
        await it.due()
    async with scene(tmp_path, {"analyze": {}}, memory=memory, maintain_at="03:30") as it:
        it.clock.advance(6 * DAY)
        late = it.care
        await it.due()
        good = it.care
        for _ in range(3):
            it.clock.advance(60)
            await it.databases.turn()
        assert len(await it.carrier.find()) == 2
    assert (late.state, late.next_at) == (CareState.LATE, NOW + 6 * DAY)
    assert (good.state, good.why) == (CareState.GOOD, "maintained")
    assert good.next_at is not None
    assert 0 < good.next_at - (NOW + 6 * DAY) <= DAY


async def test_a_failed_maintenance_is_told_with_its_reason_and_tried_again(
    tmp_path: Path,
) -> None:
    file = filled(tmp_path / "books.db")
    async with scene(tmp_path, {"analyze": {}}, maintain_every="1d") as it:
        with closing(sqlite3.connect(file)) as other:
            other.execute("BEGIN IMMEDIATE")
            await it.due()
        failed = it.care
        await it.databases.turn()
        assert len(await it.carrier.find()) == 1
        it.clock.advance(3 * 3600)
        await it.due()
        good = it.care
    assert failed.state is CareState.FAILED
    assert "analyze: " in failed.why
    assert "locked" in failed.why
    assert failed.next_at == NOW + 3 * 3600
    assert good.state is CareState.GOOD


async def test_a_database_that_is_not_there_has_failed_too(tmp_path: Path) -> None:
    async with scene(tmp_path, {"analyze": {}}, maintain_every="1d") as it:
        await it.due()
        found = it.care
        (ended,) = await it.entries("database.maintenance.ended")
    assert found.state is CareState.FAILED
    assert "No such file" in found.why
    assert (ended["done"], ended["scheduled"]) == (False, True)


async def test_what_somebody_did_whole_by_hand_counts_and_half_of_it_does_not(
    tmp_path: Path,
) -> None:
    filled(tmp_path / "books.db")
    async with scene(tmp_path, *STEPS, maintain_every="7d") as it:
        await it.databases.sign("books", APPROVER, "looked at it")
        await it.maintained()
        half = it.care
        await it.maintained("books")
        whole = it.care
    assert (half.state, half.next_at) == (CareState.NEVER_RAN, NOW)
    assert (whole.state, whole.next_at) == (CareState.GOOD, NOW + 7 * DAY)


async def test_what_nobody_may_do_twice_ends_unknown_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory()
    with postgres() as server:
        monkeypatch.setenv("BOOKS", _url(server))
        steps: Steps = ({"close_idle": {"longer_than": "1ms"}}, {"analyze": {}})
        books: dict[str, Any] = {"postgres": {"database": "env:BOOKS"}}
        with server.connect() as idle:
            idle.execute("CREATE TABLE shelves (name text)")
            async with scene(tmp_path, *steps, memory=memory, **books) as it:
                course = it.databases.course
                monkeypatch.setattr(course, "carry_out", _never)
                begun = await it.databases.maintain("books", "ada", "weekly", "books")
                await eventually(lambda: len(memory.rows[begun.id].recorded) == 4)
            async with scene(tmp_path, *steps, memory=memory, **books) as it:
                await it.carrier.wait(begun.id, 30)
                found = it.databases.rounds["books"]
            idle.execute("SELECT 1")
    assert [each.end for each in found.results] == [End.UNKNOWN, End.DONE]
    assert "it was under way when Opsbook died; what the database says now" in found.results[0].said
    assert not found.done


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
    with postgres() as server:
        monkeypatch.setenv("BOOKS", _url(server))
        async with scene(tmp_path, {"analyze": {}}, postgres={"database": "env:BOOKS"}) as it:
            made = it.databases.settings["books"]
            async with made.engine.alone(made.patience):
                with pytest.raises(DatabaseError, match="another Opsbook maintains it"):
                    await it.databases.maintain("books", "ada", "weekly", "")
            assert it.databases.rounds == {}
            assert (await it.maintained()).done
            assert (await it.maintained()).done, "the first has let go of it"


def _url(server: Postgres) -> str:
    login = f"{server.user}:{server.password}"
    return f"postgresql://{login}@{server.host}:{server.port}/{server.database}"


async def _never(*_: Any) -> None:
    await asyncio.Event().wait()
