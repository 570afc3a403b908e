"""`opsbook up`, `status`, `down` and `ledger` on a living service."""

import json
import os
import signal
import sqlite3
import time
from pathlib import Path

from opsbook.core.procfs import exiting
from tests.cli.run import opsbook, opsbook_up, status, wait_for_state
from tests.services.platform import one_service


def pid_of(state: dict[str, list[dict[str, str]]]) -> int:
    return int(state["services"][0]["instance"].removeprefix("pid "))


def test_a_service_lives_on_when_the_watch_ends_and_is_stopped_by_down(tmp_path: Path) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    with opsbook_up(book, data) as process:
        pid = pid_of(status(data))
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=10)
        assert process.returncode == 0
        assert "the watch ended; these go on: a" in told
    os.kill(pid, 0)
    assert opsbook("status", "--data", data).returncode == 3
    assert f"a: stopped (pid {pid})" in opsbook("down", book, "--data", data).stdout
    assert exiting(pid)
    assert "a: does not run" in opsbook("down", book, "--data", data).stdout


def test_after_kill_9_the_next_watch_adopts_and_starts_no_second_copy(tmp_path: Path) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    with opsbook_up(book, data) as process:
        pid = pid_of(status(data))
        process.kill()
        process.wait()
    try:
        with opsbook_up(book, data):
            assert pid_of(status(data)) == pid
            os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + 5
            while not status(data).get("services") or pid_of(status(data)) == pid:
                assert time.monotonic() < deadline
            wait_for_state(data, "up")
        assert "all as they were written" in opsbook("ledger", "verify", "--data", data).stdout
    finally:
        opsbook("down", book, "--data", data)


def test_a_second_watch_on_the_same_data_is_refused(tmp_path: Path) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    with opsbook_up(book, data):
        second = opsbook("up", book, "--data", data, "--port", 0)
        assert second.returncode == 2
        assert "another opsbook runs" in second.stderr
        assert opsbook("down", book, "--data", data).returncode == 2
    opsbook("down", book, "--data", data)


def test_a_bad_book_starts_nothing(tmp_path: Path) -> None:
    book = one_service(tmp_path)
    book.write_text(book.read_text().replace('"tcp"', '"tpc"'))
    ran = opsbook("up", book, "--data", tmp_path / "data")
    assert ran.returncode == 2
    assert "did you mean tcp?" in ran.stderr
    assert not (tmp_path / "data").exists()


def test_the_ledger_is_shown_and_a_change_in_it_is_found(tmp_path: Path) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    with opsbook_up(book, data):
        pass
    opsbook("down", book, "--data", data)
    shown = opsbook("ledger", "show", "--data", data, "--json", "--kind", "service.verified")
    entry = json.loads(shown.stdout.splitlines()[0])
    assert entry["subject"] == "a"
    assert opsbook("ledger", "verify", "--data", data).returncode == 0
    with sqlite3.connect(data / "state.db") as connection:
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute("UPDATE ledger SET body = '{}' WHERE seq = ?", (entry["seq"],))
    connection.close()
    verdict = json.loads(opsbook("ledger", "verify", "--data", data, "--json").stdout)
    assert (verdict["ok"], verdict["first_bad"]) == (False, entry["seq"])
    assert opsbook("ledger", "verify", "--data", data).returncode == 2


def test_where_nothing_was_written_there_is_no_ledger(tmp_path: Path) -> None:
    ran = opsbook("ledger", "show", "--data", tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "name its directory with --data" in ran.stderr


def test_status_says_when_nothing_runs_or_answers(tmp_path: Path) -> None:
    assert "start one with `opsbook up BOOK`" in opsbook("status", "--data", tmp_path).stderr
    ran = opsbook("status", "--url", "http://127.0.0.1:1")
    assert ran.returncode == 3
    assert "does not answer as opsbook" in ran.stderr


def test_the_status_table_has_the_worst_first(tmp_path: Path) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    with opsbook_up(book, data):
        lines = opsbook("status", "--data", data).stdout.splitlines()
    opsbook("down", book, "--data", data)
    assert lines[0].startswith("small is UP at ")
    assert lines[2:4][0] == "services"
    assert lines[3].startswith("up  a  running  pid ")
