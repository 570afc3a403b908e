"""The `sql` step in a real PostgreSQL and in SQLite files."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.errors import BadInputError
from opsbook.runbooks.action import ActionFailedError, ActionUnknownError
from tests.eventually import eventually
from tests.runbooks.steps.contract import Settings, StepContract, StoppingContract
from tests.runbooks.steps.stage import Stage, step
from tests.servers.postgres import Postgres, postgres

ADD = "INSERT INTO done (what) VALUES (:what)"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as server:
        server.execute("CREATE TABLE done (id serial PRIMARY KEY, what text)")
        yield server


@pytest.fixture
def url(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    """A secret, for there is a password in it."""
    target = f"{server.user}:{server.password}@{server.host}:{server.port}/{server.database}"
    monkeypatch.setenv("STEP_TEST_DATABASE", f"postgresql://{target}")
    server.execute("TRUNCATE done")
    return "env:STEP_TEST_DATABASE"


def rows(server: Postgres, query: str = "SELECT what FROM done ORDER BY id") -> list[Any]:
    with server.connect() as connection:
        return [row[0] for row in connection.execute(query.encode()).fetchall()]


class TestSql(StepContract, StoppingContract):
    kind: ClassVar[str] = "sql"

    @pytest.fixture
    async def good(self, stage: Stage, server: Postgres, url: str) -> Settings:
        self.server = server
        return {"database": url, "statement": ADD, "with": {"what": "{{ 'a' }}"}}

    @pytest.fixture
    async def bad(self, stage: Stage, url: str) -> Settings:
        return {"database": url, "statement": "SELECT * FROM nowhere", "reads": True}

    @pytest.fixture
    async def endless(self, stage: Stage, url: str) -> Settings:
        return {"database": url, "statement": "SELECT pg_sleep(60)", "reads": True}

    def effects(self, stage: Stage) -> int:
        return len(rows(self.server))

    async def test_rows_are_given_by_column(self, stage: Stage, url: str) -> None:
        query = "SELECT n, n * 1.5 AS half, 'x' || n AS name FROM generate_series(1, 3) AS n"
        result = await stage.carry_out("sql", {"database": url, "statement": query, "reads": True})
        assert result["rows"][1] == {"n": 2, "half": 3.0, "name": "x2"}
        assert (result["count"], result["value"]) == (3, 1)

    async def test_what_is_null_is_no_value(self, stage: Stage, url: str) -> None:
        settings = {"database": url, "statement": "SELECT NULL AS nothing", "reads": True}
        result = await stage.carry_out("sql", settings)
        assert result == {"rows": [{"nothing": None}], "count": 1}

    async def test_a_million_rows_are_neither_kept_nor_counted(
        self, stage: Stage, url: str
    ) -> None:
        query = "SELECT repeat('x', 2000) FROM generate_series(1, 1000000)"
        result = await stage.carry_out("sql", {"database": url, "statement": query, "reads": True})
        assert result["count"] == 10_000
        assert len(json.dumps(result)) <= 65_536

    async def test_values_are_given_beside_the_statement(
        self, stage: Stage, server: Postgres, url: str
    ) -> None:
        values = {"what": "'); DROP TABLE done; --", "steps": {}}
        settings = {"database": url, "statement": ADD, "with": {"what": "{{ what }}"}}
        await stage.carry_out("sql", settings, values=values)
        assert rows(server) == ["'); DROP TABLE done; --"]

    async def test_texts_casts_and_percents_of_the_statement_stay(
        self, stage: Stage, url: str
    ) -> None:
        query = "SELECT ':what 12:30 100%' || (:n::int % 4)::text AS said -- :other"
        settings = {"database": url, "statement": query, "reads": True, "with": {"n": "{{ 7 }}"}}
        assert (await stage.carry_out("sql", settings))["value"] == ":what 12:30 100%3"

    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO done (what) VALUES ('x')",
            "WITH x AS (INSERT INTO done (what) VALUES ('x') RETURNING what) SELECT * FROM x",
            "SELECT 1; COMMIT; INSERT INTO done (what) VALUES ('x')",
            "COMMIT; INSERT INTO done (what) VALUES ('x')",
            "SELECT set_config('transaction_read_only', 'off', false)",
        ],
    )
    async def test_what_reads_can_change_nothing(
        self, stage: Stage, server: Postgres, url: str, statement: str
    ) -> None:
        with pytest.raises(ActionFailedError):
            await stage.carry_out("sql", {"database": url, "statement": statement, "reads": True})
        assert rows(server) == []

    async def test_a_change_is_one_statement(
        self, stage: Stage, server: Postgres, url: str
    ) -> None:
        two = "INSERT INTO done (what) VALUES ('x'); COMMIT"
        with pytest.raises(ActionFailedError, match="multiple commands"):
            await stage.carry_out("sql", {"database": url, "statement": two})
        assert rows(server) == []

    async def test_a_change_that_is_not_as_expected_is_undone(
        self, stage: Stage, server: Postgres, url: str
    ) -> None:
        server.execute("INSERT INTO done (what) VALUES ('a'), ('b')")
        settings = {"database": url, "statement": "DELETE FROM done"}
        with pytest.raises(ActionFailedError, match=r"rows ≤ 1 \(is 2\)"):
            await stage.carry_out("sql", {**settings, "expect": {"rows": {"at_most": 1}}})
        assert rows(server) == ["a", "b"]
        result = await stage.carry_out("sql", {**settings, "expect": {"rows": {"at_most": 2}}})
        assert result["count"] == 2
        assert rows(server) == []

    async def test_what_was_begun_and_not_recorded_is_unknown(
        self, stage: Stage, server: Postgres, good: Settings
    ) -> None:
        await stage.carry_out("sql", good)
        with pytest.raises(ActionUnknownError, match="nobody knows whether it was committed"):
            await stage.carry_out("sql", good)
        assert rows(server) == ["a"]

    async def test_what_failed_before_its_commit_may_be_done_again(
        self, stage: Stage, server: Postgres, good: Settings
    ) -> None:
        server.execute("ALTER TABLE done ADD CONSTRAINT no_a CHECK (what <> 'a')")
        with pytest.raises(ActionFailedError, match="no_a"):
            await stage.carry_out("sql", good)
        server.execute("ALTER TABLE done DROP CONSTRAINT no_a")
        await stage.carry_out("sql", good)
        assert rows(server) == ["a"]

    async def test_what_may_be_repeated_is_repeated(
        self, stage: Stage, server: Postgres, url: str
    ) -> None:
        server.execute("INSERT INTO done (what) VALUES ('a')")
        settings = {"database": url, "statement": "UPDATE done SET what = 'b'"}
        for _ in range(2):
            result = await stage.carry_out("sql", {**settings, "repeatable": True})
            assert result["count"] == 1

    async def test_it_does_not_wait_for_a_lock_for_ever(
        self, stage: Stage, server: Postgres, url: str
    ) -> None:
        settings = {"database": url, "statement": "DELETE FROM done", "locks_within": "200ms"}
        with server.connect() as holder, holder.transaction():
            holder.execute("LOCK TABLE done")
            with pytest.raises(ActionFailedError, match="lock timeout"):
                await stage.carry_out("sql", settings)

    async def test_the_server_ends_it_by_itself_when_its_time_is_over(
        self, stage: Stage, url: str
    ) -> None:
        settings = {"database": url, "statement": "SELECT pg_sleep(60)", "reads": True}
        with pytest.raises(ActionFailedError, match="statement timeout"):
            await stage.carry_out("sql", settings, within=0.3)

    async def test_stopped_it_is_stopped_in_the_server_too(
        self, stage: Stage, server: Postgres, endless: Settings
    ) -> None:
        running = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        context = stage.context()
        task = asyncio.ensure_future(step("sql", endless).action.carry_out(context))
        while not await asyncio.to_thread(rows, server, running):
            await asyncio.sleep(0.02)
        context.stopping.set()
        with pytest.raises(ActionFailedError, match="stopped half way"):
            await task
        assert await asyncio.to_thread(rows, server, running) == []

    async def test_stopped_while_it_commits_nobody_knows(
        self, stage: Stage, server: Postgres, good: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A deferred trigger makes the commit long."""
        server.execute(
            "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(5); RETURN NULL; END $$",
            "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON done DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION slow()",
        )
        try:
            context = stage.context()
            task = asyncio.ensure_future(step("sql", good).action.carry_out(context))
            await eventually(lambda: (stage.home / "jobs" / context.job_id / "exit").exists())
            await asyncio.sleep(0.1)
            context.stopping.set()
            with pytest.raises(ActionUnknownError, match="while the database committed"):
                await task
        finally:
            server.execute("DROP TRIGGER slow ON done")

    async def test_it_says_what_is_wrong_without_the_password(
        self, stage: Stage, server: Postgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = f"{server.user}:wr0ng-pass@{server.host}:{server.port}/{server.database}"
        monkeypatch.setenv("STEP_TEST_DATABASE", f"postgresql://{target}")
        settings = {"database": "env:STEP_TEST_DATABASE", "statement": "SELECT 1", "reads": True}
        with pytest.raises(ActionFailedError, match="password authentication failed") as caught:
            await stage.carry_out("sql", settings)
        assert "wr0ng" not in str(caught.value)
        assert "wr0ng" not in repr(step("sql", settings).action)

    async def test_a_dry_run_of_what_reads_says_whether_it_would_work(
        self, stage: Stage, bad: Settings
    ) -> None:
        assert (
            await step("sql", {**bad, "statement": "SELECT 1"}).action.preview(stage.context())
            is None
        )
        with pytest.raises(ActionFailedError, match="nowhere"):
            await step("sql", bad).action.preview(stage.context())

    async def test_a_dry_run_can_count_and_undo(
        self, stage: Stage, server: Postgres, url: str
    ) -> None:
        server.execute("INSERT INTO done (what) VALUES ('a'), ('b')")
        settings = {"database": url, "statement": "DELETE FROM done", "preview": "rollback"}
        change = await step("sql", settings).action.preview(stage.context())
        assert change is not None
        assert change.after == "2 rows touched"
        assert rows(server) == ["a", "b"]

    async def test_a_value_that_is_a_list_is_bad_input(self, stage: Stage, url: str) -> None:
        settings = {"database": url, "statement": ADD, "with": {"what": "{{ [1, 2] }}"}}
        with pytest.raises(BadInputError, match="what is a list"):
            await stage.carry_out("sql", settings)

    @pytest.mark.parametrize(
        ("settings", "why"),
        [
            ({"statement": "SELECT '{{ a }}'"}, "no template in a statement"),
            ({"statement": "SELECT :a"}, "do not name the same values: a"),
            ({"statement": "SELECT 1", "with": {"a": "1"}}, "do not name the same values: a"),
            ({"statement": "SELECT 1", "database": "postgresql://u:p4ss@h/d"}, "a password"),
            ({"statement": "SELECT 1", "database": "what"}, "cannot be read"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, settings: Settings, why: str) -> None:
        with pytest.raises(ValidationError, match=why) as caught:
            step("sql", {"database": "sqlite:///a.db", **settings})
        assert "p4ss" not in str(caught.value)

    def test_only_what_reads_has_a_class_of_its_own(self) -> None:
        there = {"database": "sqlite:///a.db", "statement": "SELECT 1"}
        assert step("sql", {**there, "reads": True}).action.least_class == 0
        assert step("sql", there).action.least_class is None


class TestSqlInFiles:
    """The same in SQLite."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        file = tmp_path / "a #1.db"
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE done (what text)")
        connection.close()
        return file

    def settings(self, statement: str, **further: Any) -> Settings:
        return {"database": "sqlite:///a #1.db", "statement": statement, **further}

    def done(self, file: Path) -> list[str]:
        connection = sqlite3.connect(file)
        try:
            return [row[0] for row in connection.execute("SELECT what FROM done")]
        finally:
            connection.close()

    async def test_it_changes_and_reads(self, stage: Stage, file: Path) -> None:
        add = self.settings(ADD, **{"with": {"what": "it's"}})
        assert (await stage.carry_out("sql", add))["count"] == 1
        read = self.settings("SELECT what FROM done", reads=True)
        assert (await stage.carry_out("sql", read))["value"] == "it's"

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM done",
            "ATTACH 'other.db' AS other",
            "VACUUM INTO 'other.db'",
            "COMMIT; DELETE FROM done",
        ],
    )
    async def test_what_reads_can_change_nothing(
        self, stage: Stage, file: Path, statement: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(stage.home)
        before = file.read_bytes()
        with pytest.raises(ActionFailedError):
            await stage.carry_out("sql", self.settings(statement, reads=True))
        assert file.read_bytes() == before
        assert not Path("other.db").exists()

    @pytest.mark.parametrize("statement", ["COMMIT", "ATTACH 'other.db' AS other"])
    async def test_a_change_stays_in_its_transaction(
        self, stage: Stage, file: Path, statement: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(stage.home)
        with pytest.raises(ActionFailedError, match="not authorized"):
            await stage.carry_out("sql", self.settings(statement))

    async def test_a_change_that_is_not_as_expected_is_undone(
        self, stage: Stage, file: Path
    ) -> None:
        add = self.settings(ADD, expect={"rows": {"above": 1}}, **{"with": {"what": "a"}})
        with pytest.raises(ActionFailedError, match="rows > 1"):
            await stage.carry_out("sql", add)
        assert self.done(file) == []

    async def test_what_was_begun_and_not_recorded_is_unknown(
        self, stage: Stage, file: Path
    ) -> None:
        add = self.settings(ADD, **{"with": {"what": "a"}})
        await stage.carry_out("sql", add)
        with pytest.raises(ActionUnknownError):
            await stage.carry_out("sql", add)
        assert self.done(file) == ["a"]

    async def test_it_does_not_wait_for_a_lock_for_ever(self, stage: Stage, file: Path) -> None:
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            settings = self.settings("DELETE FROM done", locks_within="200ms")
            with pytest.raises(ActionFailedError, match="locked"):
                await stage.carry_out("sql", settings)
        finally:
            holder.close()

    async def test_one_without_end_can_be_stopped(self, stage: Stage, file: Path) -> None:
        count = (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
        )
        context = stage.context()
        action = step("sql", self.settings(count, reads=True)).action
        task = asyncio.ensure_future(action.carry_out(context))
        await asyncio.sleep(0.2)
        context.stopping.set()
        with pytest.raises(ActionFailedError, match="stopped half way"):
            await asyncio.wait_for(task, 2)

    async def test_a_file_that_is_not_there_is_not_made(self, stage: Stage) -> None:
        gone = {"database": "sqlite:///gone.db", "statement": "CREATE TABLE a (b)"}
        with pytest.raises(ActionFailedError, match=r"gone\.db"):
            await stage.carry_out("sql", gone)
        assert not (stage.home / "gone.db").exists()
