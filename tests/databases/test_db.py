"""`opsbook db`, with a running watch."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import opsbook, opsbook_up, status
from tests.databases.engines.test_sqlite import value
from tests.eventually import eventually

BOOK = """
platform: {{name: helixflow}}
databases:
  requests:
    sqlite: {{path: {file}}}
    limits: {{size: 1 GiB}}
    maintain:
      - integrity: {{}}
      - retention: {{table: inference_requests, column: timestamp, older_than: 30d}}
      - optimise: {{}}
      - vacuum: {{}}
"""
WRONG = """platform: {name: p}
databases:
  d:
    sqlite: {path: a.db}
    limits: {memory_percent: 3 %}
    maintain: [{close_idle: {longer_than: 1h}}]
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("file") / "helixflow.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE inference_requests (id INTEGER, timestamp TEXT)")
        connection.execute("INSERT INTO inference_requests VALUES (1, datetime('now', '-31 days'))")
        connection.execute("INSERT INTO inference_requests VALUES (2, datetime('now'))")
    return file


@pytest.fixture(scope="module")
def data(file: Path) -> Iterator[Path]:
    book = file.with_name("book.yaml")
    book.write_text(BOOK.format(file=file), encoding="utf-8")
    with opsbook_up(book, file.with_name("data"), "unknown"):
        yield file.with_name("data")


def test_a_report_a_dry_run_and_a_maintenance_that_has_to_be_confirmed(
    data: Path, file: Path
) -> None:
    report = opsbook("db", "report", "requests", "--data", data)
    assert report.returncode == 0, report.stderr + report.stdout
    assert "requests: fine  (sqlite " in report.stdout
    shown = opsbook("db", "maintain", "requests", "--data", data)
    assert "older than " in shown.stdout
    assert ": 1 rows" in shown.stdout
    assert "nothing was changed; do it with: opsbook db maintain requests --do" in shown.stdout
    half = opsbook("db", "maintain", "requests", "--do", "--data", data)
    assert half.returncode == 1
    assert "class 2: say `--confirm requests`" in half.stdout
    assert value(file, "SELECT count(*) FROM inference_requests") == 2
    wrong = opsbook("db", "maintain", "requests", "--do", "--confirm", "other", "--data", data)
    assert (wrong.returncode, "confirmed was 'other'" in wrong.stderr) == (2, True)
    done = opsbook("db", "maintain", "requests", "--do", "--confirm", "requests", "--data", data)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "requests: 4 of 4 tasks done" in done.stdout
    assert value(file, "SELECT group_concat(id) FROM inference_requests") == "2"
    listed = json.loads(opsbook("db", "list", "--json", "--data", data).stdout)
    assert (listed[0]["level"], listed[0]["maintained_at"] is None) == ("fine", False)


async def test_figures_are_samples_that_can_be_asked_for(data: Path) -> None:
    asked = ("query", 'opsbook_database_figure{figure="size_bytes"}', "--data", data)
    await eventually(lambda: 'database="requests"' in opsbook(*asked).stdout, within=20)


def test_an_unknown_database_is_refused_with_the_nearest_name(data: Path) -> None:
    ran = opsbook("db", "report", "request", "--data", data)
    assert ran.returncode == 2
    assert "did you mean requests?" in ran.stderr


def test_what_a_kind_does_not_know_is_a_problem_with_its_place(tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text(WRONG, encoding="utf-8")
    ran = opsbook("lint", book)
    assert ran.returncode == 2
    assert "book.yaml:5:" in ran.stdout + ran.stderr
    assert (
        "databases.d.limits.memory_percent: sqlite knows no such thing" in ran.stdout + ran.stderr
    )
    assert "close_idle" in ran.stdout + ran.stderr


def test_a_database_over_its_limit_degrades_the_platform(file: Path, tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text(BOOK.format(file=file).replace("1 GiB", "1 KiB"), encoding="utf-8")
    with opsbook_up(book, tmp_path / "data", "degraded"):
        (tile,) = status(tmp_path / "data")["databases"]
        shown = opsbook("status", "--data", tmp_path / "data").stdout
    assert tile["state"] == "degraded"
    assert "size_bytes" in tile["message"]
    assert tile["message"] in shown


async def test_what_is_due_waits_for_an_approver_and_is_done_once_it_is_signed(
    tmp_path: Path,
) -> None:
    file, book, data = tmp_path / "old.db", tmp_path / "book.yaml", tmp_path / "data"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE inference_requests (id INTEGER, timestamp TEXT)")
        connection.execute("INSERT INTO inference_requests VALUES (1, datetime('now', '-31 days'))")
    scheduled = BOOK.format(file=file).replace("    limits:", "    maintain_every: 7d\n    limits:")
    book.write_text(scheduled, encoding="utf-8")

    def care() -> dict[str, Any]:
        listed = opsbook("db", "list", "--json", "--data", data)
        found: dict[str, Any] = json.loads(listed.stdout)[0]["maintenance"]
        return found

    with opsbook_up(book, data, "unknown"):
        await eventually(lambda: care()["last_at"] is not None, within=20)
        assert (care()["state"], care()["needs_signature"]) == ("waiting", True)
        assert value(file, "SELECT count(*) FROM inference_requests") == 1
        shown = opsbook("db", "list", "--data", data).stdout
        assert "nobody" in shown
        assert "class 2 waits for an approver: opsbook db sign requests" in shown
        (tile,) = status(data)["databases"]
        assert "waits for an approver" in tile["message"]
        signed = opsbook("db", "sign", "requests", "--why", "it is old", "--data", data)
        assert signed.returncode == 0, signed.stderr
        assert "delete inference_requests" in signed.stdout
        assert f"plan {care()['digest'][:12]} signed by" in signed.stdout
        await eventually(lambda: care()["state"] == "good", within=90)
        assert value(file, "SELECT count(*) FROM inference_requests") == 0
        assert "maintenance: good" in opsbook("db", "report", "requests", "--data", data).stdout


def test_a_rhythm_is_one_and_has_something_to_do(tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    both = (
        "{sqlite: {path: a.db}, maintain: [optimise: {}], maintain_every: 7d, maintain_at: '03:00'}"
    )
    book.write_text(
        f"platform: {{name: p}}\ndatabases:\n  a: {both}\n"
        "  b: {sqlite: {path: b.db}, maintain_every: 7d}\n",
        encoding="utf-8",
    )
    said = opsbook("lint", book)
    assert said.returncode == 2
    assert "keep `maintain_every` or `maintain_at`" in said.stdout + said.stderr
    assert "there is nothing to maintain" in said.stdout + said.stderr
