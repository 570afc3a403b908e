"""The `sqlite` engine against files of its own."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from opsbook.databases.engine import Engine
from opsbook.databases.limits import Limits
from opsbook.databases.maintain import Baseline, MaintainStep
from opsbook.databases.model import DatabaseError, End, Level, Task, TaskResult
from tests.databases.engines.contract import NOW, EngineContract, Settings, make_engine
from tests.databases.servers import PATIENCE
from tests.eventually import eventually
from tests.servers.disk import small_disk

DAY = 86_400
MOVE = {"table": "requests", "column": "timestamp", "older_than": "30d", "archive": "archive"}


def filled(file: Path, count: int = 1000) -> Path:
    """One row each hour until NOW, in both ways in which SQLite's functions read times."""
    rows = [(n, NOW - n * 3600, "T" if n % 2 else " ", "x" * 200) for n in range(count)]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE requests (id INTEGER PRIMARY KEY, timestamp, text)")
        connection.execute("CREATE TABLE archive (id INTEGER, timestamp, text)")
        connection.executemany(
            "INSERT INTO requests VALUES (?1, replace(datetime(?2, 'unixepoch'), ' ', ?3), ?4)",
            rows,
        )
    return file


def value(file: Path, query: str) -> Any:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchone()[0]


def engine_of(file: Path) -> Engine:
    return make_engine("sqlite", {"path": str(file)})


async def plan(file: Path, **steps: Any) -> list[Task]:
    listed = [MaintainStep.model_validate({kind: given}) for kind, given in steps.items()]
    return await engine_of(file).plan(listed, PATIENCE, NOW)


async def done(file: Path, **steps: Any) -> list[TaskResult]:
    return [await engine_of(file).carry_out(each) for each in await plan(file, **steps)]


class TestSqlite(EngineContract):
    kind: ClassVar[str] = "sqlite"
    unreachable: ClassVar[Settings] = {"path": "/no/such/books.db"}

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return {"path": str(filled(tmp_path / "books.db"))}


async def test_a_file_over_its_limit_and_its_rows_are_told(tmp_path: Path) -> None:
    report = await engine_of(filled(tmp_path / "a?b#c.db")).report(
        Limits.model_validate({"size": "1 KiB"}), {}, PATIENCE, NOW
    )
    assert report.figures["size_bytes"].level is Level.OVER
    assert report.figures["rows"].value == 1000
    assert report.listings["tables"].rows == [("archive", 0), ("requests", 1000)]


async def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="No such file"):
        await engine_of(tmp_path / "no.db").report(Limits(), {}, PATIENCE, NOW)
    assert list(tmp_path.iterdir()) == []


async def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "text.db"
    file.write_text("no database " * 1000)
    with pytest.raises(DatabaseError, match="not a database"):
        await engine_of(file).report(Limits(), {}, PATIENCE, NOW)


async def test_a_damaged_file_fails_its_check(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    with file.open("r+b") as stream:
        stream.seek(4096 * 3)
        stream.write(b"\xff" * 4096 * 4)
    (result,) = await done(file, integrity={})
    assert result.end is End.FAILED
    assert "damaged" in result.said or "malformed" in result.said


async def test_a_whole_file_passes_its_check(tmp_path: Path) -> None:
    (result,) = await done(filled(tmp_path / "books.db"), integrity={"depth": "quick"})
    assert (result.end, result.action_class, result.after) == (End.DONE, 0, {"integrity": "ok"})


async def test_vacuum_gives_space_back(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM requests WHERE id > 10")
    before = await engine_of(file).report(Limits(), {}, PATIENCE, NOW)
    (result,) = await done(file, vacuum={})
    assert before.figures["free_percent"].level is Level.OVER
    assert (result.end, result.action_class, result.after["free_bytes"]) == (End.DONE, 2, 0)
    assert result.after["size_bytes"] < result.before["size_bytes"]  # type: ignore[operator]


async def test_a_vacuum_without_room_for_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", "600k") as disk:
        file = filled(disk / "books.db", 1500)
        monkeypatch.setenv("SQLITE_TMPDIR", str(disk))
        (result,) = await done(file, vacuum={})
    assert result.end is End.REFUSED
    assert "VACUUM needs" in result.said


@pytest.mark.parametrize("kind", ["analyze", "optimise", "reindex"])
async def test_the_small_steps_are_done(tmp_path: Path, kind: str) -> None:
    (result,) = await done(filled(tmp_path / "books.db"), **{kind: {}})
    assert result.end is End.DONE, result.said


async def test_locks_are_not_waited_for_longer_than_declared(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    tasks = await plan(file, vacuum={}, retention=MOVE)
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        ends = [(await engine_of(file).carry_out(each)).end for each in tasks]
        took = time.monotonic() - started
    assert ends == [End.LOCKED, End.LOCKED]
    assert took < 2 * PATIENCE.lock_wait + 2


async def test_retention_counts_first_and_moves_times_of_both_notations(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    (task,) = await plan(file, retention={**MOVE, "batch": 100})
    assert (task.action_class, task.preview) == (2, "279 rows")
    assert value(file, "SELECT count(*) FROM archive") == 0
    result = await engine_of(file).carry_out(task)
    assert (result.end, result.after) == (End.DONE, {"rows": 0, "rows_done": 279})
    assert value(file, "SELECT max(id) FROM requests") == 720
    assert value(file, "SELECT count(DISTINCT id) FROM archive") == 279


async def test_without_an_archive_rows_are_deleted(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    step = {name: given for name, given in MOVE.items() if name != "archive"}
    (result,) = await done(file, retention=step)
    assert result.after == {"rows": 0, "rows_done": 279}
    assert value(file, "SELECT count(*) FROM requests") == 721


async def test_rows_without_a_time_that_can_be_read_stay_and_are_counted(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE requests SET timestamp = 1 WHERE id = 900")
    (task,) = await plan(file, retention=MOVE)
    assert task.preview == "278 rows; 1 stay, whose timestamp is no time"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"archive": "requests"}, "cannot be its own archive"),
        ({"archive": "nope"}, "there is no table 'nope'"),
        ({"column": "nope"}, "requests has no nope"),
        ({"table": "nope"}, "there is no table 'nope'"),
    ],
)
async def test_what_would_lose_something_is_refused(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    (task,) = await plan(filled(tmp_path / "books.db"), retention={**MOVE, **change})
    assert said in task.refused


async def test_rows_that_others_refer_to_are_not_left_dangling(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE notes (request REFERENCES requests (id))")
        connection.execute("INSERT INTO notes VALUES (999)")
    (result,) = await done(file, retention=MOVE)
    assert result.end is End.FAILED
    assert "FOREIGN KEY constraint failed" in result.said
    assert value(file, "SELECT count(*) FROM requests") == 1000


async def test_killed_in_the_middle_no_row_is_lost_or_doubled(tmp_path: Path) -> None:
    file = filled(tmp_path / "books.db", 20_000)
    code = (
        "import asyncio, sys; from tests.databases.engines.test_sqlite import *;"
        "asyncio.run(done(Path(sys.argv[1]), retention={**MOVE, 'batch': 5}))"
    )
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", code, str(file)]
    environment = {**os.environ, "PYTHONPATH": "src:."}
    with subprocess.Popen(command, env=environment, cwd=root) as child:
        await eventually(lambda: value(file, "SELECT count(*) FROM archive") > 100)
        child.send_signal(signal.SIGKILL)
    moved = value(file, "SELECT count(*) FROM archive")
    each = "SELECT count(*) FROM (SELECT id FROM requests UNION SELECT id FROM archive)"
    assert 100 < moved < 19_279
    assert value(file, "SELECT count(*) FROM requests") + moved == 20_000
    assert value(file, each) == 20_000
    (rest,) = await done(file, retention=MOVE)
    assert rest.end is End.DONE
    assert value(file, "SELECT count(*) FROM requests") == 721


async def test_baselines_are_the_mean_and_the_95th_percentile(tmp_path: Path) -> None:
    file = tmp_path / "books.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE logs (op TEXT, ms REAL, at INTEGER)")
        rows = [("score", n, NOW - 1) for n in range(1, 101)]
        rows += [("score", 9999, NOW - 8 * DAY), ("x", 9999, NOW - 1)]
        connection.executemany("INSERT INTO logs VALUES (?, ?, ?)", rows)
    settings = {"table": "logs", "duration": "ms", "unit": "ms", "time": "at"}
    settings |= {"stored_as": "unix_seconds"}
    baseline = Baseline.model_validate({**settings, "where": {"op": "score"}})
    report = await engine_of(file).report(Limits(), {"score": baseline}, PATIENCE, NOW)
    assert report.figures["score_mean_seconds"].value == pytest.approx(0.0505)
    assert report.figures["score_p95_seconds"].value == pytest.approx(0.09505)
