"""The ledger: what was acknowledged stays, whatever happens."""

import asyncio
import queue
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from opsbook.core.secrets import Secret
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import read_entries, verify
from tests.eventually import eventually
from tests.state.databases import ledger_in


async def test_entries_are_kept_in_the_order_of_their_recording(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as (engine, ledger):
        written = await asyncio.gather(*(ledger.record("kind", str(n), n=n) for n in range(600)))
        assert [entry.seq for entry in written] == list(range(1, 601))
        with reading(engine) as connection:
            assert [entry.subject for entry in read_entries(connection)] == [
                str(n) for n in range(600)
            ]
        assert verify(engine).entries == 600


async def test_entries_are_found_by_kind_subject_and_age(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as (engine, ledger):
        await ledger.record("restart", "a")
        await ledger.record("died", "b")
        last = await ledger.record("restart", "b")
        with reading(engine) as connection:

            def seqs(**wanted: object) -> list[int]:
                return [entry.seq for entry in read_entries(connection, **wanted)]  # type: ignore[arg-type]

            assert seqs(kind="restart") == [1, 3]
            assert seqs(subject="b") == [2, 3]
            assert seqs(kind="restart", subject="b", since=last.at) == [3]
            assert seqs(last=2) == [2, 3]
            assert seqs(since="9999") == []


async def test_a_secret_never_reaches_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_SECRET", "do-not-write-me")
    Secret("env:LEDGER_SECRET").reveal()
    with ledger_in(tmp_path) as (_, ledger):
        entry = await ledger.record("kind", "s", said="password do-not-write-me refused")
    assert "do-not-write-me" not in entry.body
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"password *** refused" in written
    assert b"do-not-write-me" not in written


async def test_what_json_cannot_say_is_written_as_text(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as (engine, ledger):
        entry = await ledger.record("kind", "s", of={"a": [float("inf"), float("nan"), 1.5]})
        assert entry.as_dict()["body"] == {"of": {"a": ["inf", "nan", 1.5]}}
        assert verify(engine).problem is None


async def test_the_database_refuses_changes(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as (_, ledger):
        await ledger.record("kind", "s")
        with sqlite3.connect(tmp_path / "state.db") as connection:
            for change in ("UPDATE ledger SET actor = 'x'", "DELETE FROM ledger"):
                with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                    connection.execute(change)
        connection.close()


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        ("UPDATE ledger SET body = '{}' WHERE seq = 3", 3),
        ("DELETE FROM ledger WHERE seq = 2", 2),
        ("DELETE FROM ledger WHERE seq = 5", 5),
        ("UPDATE ledger SET seq = 100 + seq WHERE seq IN (2, 3)", 2),
    ],
)
async def test_who_gets_around_that_is_found(tmp_path: Path, change: str, bad: int) -> None:
    with ledger_in(tmp_path) as (engine, ledger):
        await asyncio.gather(*(ledger.record("kind", "s", n=n) for n in range(5)))
        with sqlite3.connect(tmp_path / "state.db") as connection:
            connection.execute("DROP TRIGGER ledger_no_update")
            connection.execute("DROP TRIGGER ledger_no_delete")
            connection.execute(change)
        connection.close()
        assert verify(engine).bad == bad


async def test_on_a_full_disk_entries_wait_and_the_caller_goes_on(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as (engine, ledger):
        await ledger.record("kind", "before")
        limit = "PRAGMA max_page_count = 1"
        engine.dispose()

        def full(connection: sqlite3.Connection, _: object) -> None:
            connection.execute(limit)

        event.listen(engine, "connect", full)
        waiting = [ledger.record("kind", "s", text="x" * 5000) for _ in range(50)]
        while not ledger.trouble:
            await asyncio.sleep(0.01)
        trouble = str(ledger.trouble)
        assert (trouble, ledger.waiting) == ("database or disk is full", 50)
        limit = "PRAGMA max_page_count = 100000"
        written = await asyncio.wait_for(asyncio.gather(*waiting), timeout=10)
        assert [entry.seq for entry in written] == list(range(2, 52))
        assert str(ledger.trouble) == "None"
        assert verify(engine).problem is None


async def test_memory_is_bounded_while_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.state.ledger._MOST_WAITING", 10)
    with ledger_in(tmp_path) as (_, ledger):
        with sqlite3.connect(tmp_path / "state.db", isolation_level=None) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            for _ in range(30):
                ledger.record("kind", "s")
            assert ledger.lost > 0
            assert ledger.waiting <= 10
            blocker.execute("ROLLBACK")
        blocker.close()
        assert await ledger.flush(within=10)


async def test_an_entry_waits_from_its_recording_until_it_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(queue.SimpleQueue):  # type: ignore[type-arg]  # it has none at run time
        """Gives its writer time between taking an entry and writing it."""

        def empty(self) -> bool:
            time.sleep(0.2)
            return super().empty()

    monkeypatch.setattr("opsbook.state.ledger.queue.SimpleQueue", Slow)
    with ledger_in(tmp_path) as (engine, ledger):
        entry = ledger.record("kind", "s")
        await asyncio.sleep(0.1)
        assert ledger.waiting == 1
        assert await ledger.flush(within=5)
        assert verify(engine).entries == 1
        await entry


CHILD = """
import asyncio, sys
from pathlib import Path
from opsbook.core.clock import SystemClock
from opsbook.state.database import connect, sqlite_url
from opsbook.state.ledger import Ledger

async def main():
    ledger = Ledger(connect(sqlite_url(Path(sys.argv[1]))), SystemClock())
    while True:
        for entry in await asyncio.gather(*(ledger.record("kind", "s") for _ in range(7))):
            print(entry.seq, flush=True)

asyncio.run(main())
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    acknowledged = 0
    for lines in (1, 40, 90):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(database)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        for _ in range(lines):
            acknowledged = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        child.communicate()
        engine = connect(sqlite_url(database))
        verdict = verify(engine)
        engine.dispose()
        assert verdict.problem is None
        assert verdict.entries >= acknowledged


async def test_what_is_written_with_entries_is_written_in_their_order(tmp_path: Path) -> None:
    written: list[str] = []

    def write(connection: Connection, what: Sequence[str]) -> None:
        assert list(read_entries(connection))
        written.extend(what)

    with ledger_in(tmp_path) as (_, ledger):
        await asyncio.gather(*(ledger.record("k", "a", also=(write, each)) for each in "xyz"))
    assert written == ["x", "y", "z"]


async def test_no_entry_is_there_without_what_is_written_with_it(tmp_path: Path) -> None:
    def write(connection: Connection, _: Sequence[str]) -> None:
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    with ledger_in(tmp_path) as (engine, ledger):
        ledger.record("k", "a", also=(write, "x"))
        await eventually(lambda: ledger.trouble is not None)
        with reading(engine) as connection:
            assert list(read_entries(connection)) == []
