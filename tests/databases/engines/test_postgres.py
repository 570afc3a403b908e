"""The `postgres` engine against PostgreSQL 15, with its extensions, and 18, without them."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from opsbook.databases.engine import Engine
from opsbook.databases.limits import Limits
from opsbook.databases.maintain import Baseline, MaintainStep
from opsbook.databases.model import DatabaseError, End, Level, Report, Task, TaskResult
from tests.databases.engines.contract import EngineContract, Settings
from tests.databases.servers import PATIENCE, Place, database, postgres_of, standby
from tests.servers.postgres import Postgres
from tests.servers.process import wait_until

JOBS = (
    "CREATE TABLE jobs (id serial PRIMARY KEY, made timestamptz NOT NULL, text text)",
    """INSERT INTO jobs (made, text) SELECT now() - interval '1 hour' * n, repeat('x', 200)
    FROM generate_series(1, 10000) n""",
    "CREATE INDEX jobs_made ON jobs (made)",
)
ARCHIVE = "CREATE TABLE archive (LIKE jobs)"
MOVE = {"table": "jobs", "column": "made", "older_than": "100h", "archive": "archive"}


@pytest.fixture(scope="module", params=["15", "17", "18"])
def server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with postgres_of(request.param, max_connections="40", autovacuum="off") as running:
        running.execute("CREATE ROLE clerk LOGIN PASSWORD 'clerk-s3cret'")
        yield running


@pytest.fixture
def place(server: Postgres) -> Place:
    return database(server)


@pytest.fixture(scope="module", params=["15", "17"])
def contrib(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """A server with pg_stat_statements and pgstattuple."""
    with postgres_of(request.param, autovacuum="off") as running:
        yield running


async def report_of(engine: Engine, baselines: Any = None, **limits: Any) -> Report:
    wanted = Limits.model_validate(limits)
    return await engine.report(wanted, baselines or {}, PATIENCE, time.time())


async def plan(engine: Engine, **steps: Any) -> list[Task]:
    listed = [MaintainStep.model_validate({kind: given}) for kind, given in steps.items()]
    return await engine.plan(listed, PATIENCE, time.time())


async def done(engine: Engine, **steps: Any) -> list[TaskResult]:
    return [await engine.carry_out(each) for each in await plan(engine, **steps)]


def rows(report: Report, name: str) -> dict[Any, dict[str, Any]]:
    """A listing by its first column."""
    found = report.listings[name]
    return {row[0]: dict(zip(found.columns, row, strict=True)) for row in found.rows}


class TestPostgres(EngineContract):
    kind: ClassVar[str] = "postgres"
    unreachable: ClassVar[Settings] = {"database": "env:UNREACHABLE"}

    @pytest.fixture
    def settings(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setenv("PLACE", place.url())
        return {"database": "env:PLACE"}

    async def test_a_url_that_cannot_be_read_is_not_repeated(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UNREADABLE", "postgresql://ada:s3cret@[broken")
        engine = Place.engine_at("env:UNREADABLE")
        with pytest.raises(DatabaseError, match="cannot be read") as error:
            await report_of(engine)
        assert "s3cret" not in str(error.value) + engine.subject


async def test_a_size_over_its_limit_is_told(place: Place) -> None:
    report = await report_of(place.engine(), size="1 MiB")
    assert report.figures["size_bytes"].level is Level.OVER
    assert report.level is Level.OVER


async def test_dead_rows_are_seen_and_gone_after_a_vacuum(place: Place) -> None:
    place.execute(*JOBS, "DELETE FROM jobs WHERE id % 2 = 0")
    engine = place.engine()
    wait_until(lambda: place.value("SELECT n_dead_tup FROM pg_stat_user_tables") == 5000)
    before = await report_of(engine)
    assert before.figures["dead_worst_percent"].value == 100.0
    assert before.figures["dead_worst_percent"].level is Level.OVER
    assert before.advice[0].statement.startswith('VACUUM (ANALYZE) "public"')
    (vacuumed,) = await done(engine, vacuum={"tables": ["jobs"]})
    assert (vacuumed.end, vacuumed.before["dead_rows"]) == (End.DONE, 5000)
    assert (vacuumed.after["dead_rows"], vacuumed.after["live_rows"]) == (0, 5000)
    after = await report_of(engine)
    assert rows(after, "tables")["public.jobs"]["dead_percent"] == 0.0


async def test_more_dead_rows_than_live_ones_are_a_share_like_any_other(place: Place) -> None:
    place.execute(*JOBS, "DELETE FROM jobs WHERE id > 10")
    wait_until(lambda: place.value("SELECT n_dead_tup FROM pg_stat_user_tables") == 9990)
    report = await report_of(place.engine())
    assert report.figures["dead_worst_percent"].value == 99_900.0


async def test_a_table_of_dead_rows_only_is_over_the_limit(place: Place) -> None:
    place.execute(*JOBS, "DELETE FROM jobs")
    wait_until(lambda: place.value("SELECT n_dead_tup FROM pg_stat_user_tables") == 10_000)
    report = await report_of(place.engine())
    assert report.figures["dead_worst_percent"].level is Level.OVER


async def test_dead_rows_that_nobody_has_counted_are_unknown(place: Place) -> None:
    place.execute(*JOBS, "DELETE FROM jobs WHERE id > 10")
    wait_until(lambda: place.value("SELECT n_dead_tup FROM pg_stat_user_tables") == 9990)
    place.execute("SELECT pg_stat_reset()")
    dead = (await report_of(place.engine())).figures["dead_worst_percent"]
    assert (dead.value, dead.why) == (None, "nothing is counted for public.jobs: ANALYZE it")


async def test_bloat_is_estimated_from_the_catalogue(place: Place) -> None:
    place.execute(*JOBS, "ANALYZE jobs")
    full = await report_of(place.engine())
    assert 0 <= rows(full, "bloat")["public.jobs"]["bloat_percent"] < 10
    place.execute("DELETE FROM jobs WHERE id % 4 > 0", "VACUUM ANALYZE jobs")
    empty = await report_of(place.engine())
    assert rows(empty, "bloat")["public.jobs"]["bloat_percent"] == pytest.approx(75, abs=5)
    assert empty.figures["bloat_worst_percent"].level is Level.OVER


async def test_a_table_that_was_never_analyzed_has_an_unknown_bloat(place: Place) -> None:
    place.execute(*JOBS)
    bloat = (await report_of(place.engine())).figures["bloat_worst_percent"]
    assert (bloat.value, bloat.level) == (None, Level.UNKNOWN)
    assert "public.jobs" in bloat.why


async def test_where_pgstattuple_is_bloat_is_measured(contrib: Postgres) -> None:
    place = database(contrib)
    place.execute(*JOBS, "CREATE SCHEMA ext", "CREATE EXTENSION pgstattuple SCHEMA ext")
    place.execute("ANALYZE jobs", "DELETE FROM jobs WHERE id % 2 = 0")
    report = await report_of(place.engine())
    (kept,) = await plan(place.engine(), reindex={"indexes": ["jobs_pkey"], "bloat_over": "1 %"})
    none = await plan(place.engine(), reindex={"indexes": ["jobs_pkey"], "bloat_over": "90 %"})
    found = rows(report, "bloat")["public.jobs"]
    assert (found["by"], found["bloat_percent"]) == ("pgstattuple", pytest.approx(50, abs=5))
    assert "% of it empty" in kept.preview
    assert none == []


async def test_without_pgstattuple_an_index_is_not_rebuilt_on_suspicion(place: Place) -> None:
    place.execute(*JOBS)
    steps = {"indexes": ["jobs_pkey"], "bloat_over": "1 %"}
    (task,) = await plan(place.engine(), reindex=steps)
    assert "unknown: CREATE EXTENSION pgstattuple" in task.refused


async def test_slow_statements_are_listed_where_they_are_counted(contrib: Postgres) -> None:
    place = database(contrib)
    place.execute("CREATE EXTENSION pg_stat_statements", "SELECT pg_sleep(0.05)")
    report = await report_of(place.engine(), slow_query="40ms", slow_queries=0)
    assert report.figures["slow_queries"].level is Level.OVER
    (slow,) = report.listings["slow_queries"].rows
    assert slow[0] == 1
    assert 0.05 <= float(slow[1] or 0) < 1  # seconds
    assert "pg_sleep" in str(slow[3])


async def test_without_pg_stat_statements_slow_statements_are_unknown(place: Place) -> None:
    slow = (await report_of(place.engine())).figures["slow_queries"]
    assert (slow.value, slow.level) == (None, Level.UNKNOWN)
    assert "CREATE EXTENSION pg_stat_statements" in slow.why


async def test_a_session_idle_in_a_transaction_is_a_long_query(place: Place) -> None:
    place.execute("CREATE TABLE t (id int)")
    with place.server.connect() as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM t")
        await asyncio.sleep(0.2)
        report = await report_of(place.engine(), long_query="100ms")
    assert report.figures["longest_query_seconds"].level is Level.OVER
    (row,) = report.listings["longest_queries"].rows
    assert (row[3], row[4]) == ("idle in transaction", "SELECT count(*) FROM t")


async def test_connections_are_a_share_of_those_for_everybody(place: Place) -> None:
    with place.server.connect(), place.server.connect():
        report = await report_of(place.engine(), connections_percent="5 %")
    used, percent = (report.figures[name] for name in ("connections", "connections_percent"))
    assert isinstance(used.value, int)
    assert used.value >= 3
    assert percent.value == pytest.approx(used.value * 100 / 37)  # 40, and 3 for superusers
    assert percent.level is Level.OVER


async def test_a_setting_that_waits_for_a_restart_is_told(place: Place) -> None:
    place.execute("ALTER SYSTEM SET max_wal_senders = 7", "SELECT pg_reload_conf()")
    pending = "SELECT pending_restart FROM pg_settings WHERE name = 'max_wal_senders'"
    try:
        wait_until(lambda: bool(place.value(pending)))
        report = await report_of(place.engine())
    finally:
        place.execute("ALTER SYSTEM RESET max_wal_senders", "SELECT pg_reload_conf()")
    assert report.figures["pending_restart_settings"].level is Level.OVER
    assert "max_wal_senders" in rows(report, "pending_restart")


async def test_unused_indexes_are_listed_and_no_rule_of_the_data_is_among_them(
    place: Place,
) -> None:
    place.execute(*JOBS)
    report = await report_of(place.engine(), unused_index="1 kB")
    assert list(rows(report, "unused_indexes")) == ["public.jobs_made"]
    assert not [each for each in report.advice if each.statement.startswith("DROP")]


async def test_a_foreign_key_without_an_index_is_advised_with_the_statement(
    place: Place,
) -> None:
    place.execute(
        *JOBS,
        'CREATE TABLE "Odd Name" (job int REFERENCES jobs, other int REFERENCES jobs)',
        'CREATE INDEX ON "Odd Name" (job)',
    )
    advice = (await report_of(place.engine())).advice
    statements = [each.statement for each in advice]
    assert statements == ['CREATE INDEX CONCURRENTLY ON "public"."Odd Name" ("other")']
    place.execute(*statements)
    assert (await report_of(place.engine())).advice == []


async def test_baselines_are_the_mean_and_the_95th_percentile_of_the_window(place: Place) -> None:
    place.execute(
        "CREATE TABLE logs (op text, duration_ms int, at timestamptz)",
        "INSERT INTO logs SELECT 'score', n, now() FROM generate_series(1, 100) n",
        "INSERT INTO logs VALUES ('score', 9999, now() - interval '8 days'), ('x', 9999, now())",
    )
    settings = {"table": "logs", "duration": "duration_ms", "unit": "ms", "time": "at"}
    score = Baseline.model_validate({**settings, "where": {"op": "score"}})
    none = Baseline.model_validate({**settings, "where": {"op": "no such"}})
    report = await report_of(place.engine(), {"score": score, "none": none})
    figures = report.figures
    assert figures["score_mean_seconds"].value == pytest.approx(0.0505)
    assert figures["score_p95_seconds"].value == pytest.approx(0.09505)
    assert figures["none_mean_seconds"].level is Level.UNKNOWN


async def test_each_task_waits_for_locks_no_longer_than_declared(place: Place) -> None:
    place.execute(*JOBS, ARCHIVE)
    engine = place.engine()
    steps = {"vacuum": {"tables": ["jobs"]}, "retention": MOVE, "analyze": {"tables": ["jobs"]}}
    tasks = await plan(engine, **steps)
    with place.server.connect() as other, other.transaction():
        other.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        results = [await engine.carry_out(each) for each in tasks]
        took = time.monotonic() - started
    assert [each.end for each in results] == [End.LOCKED] * 3
    assert took < 3 * PATIENCE.lock_wait + 2
    assert place.value("SELECT count(*) FROM jobs") == 10_000


async def test_an_index_that_could_not_be_rebuilt_is_named_and_dropped_as_its_own_task(
    place: Place,
) -> None:
    place.execute(*JOBS)
    engine = place.engine()
    with place.server.connect() as other:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1 FROM jobs LIMIT 1")
        (failed,) = await done(engine, reindex={"indexes": ["jobs_made"]})
    assert failed.end is End.LOCKED
    assert "jobs_made_ccnew" in failed.said
    report = await report_of(engine)
    assert list(rows(report, "invalid_indexes")) == ["public.jobs_made_ccnew"]
    drop, rebuild = await plan(engine, reindex={"indexes": ["jobs_made"]})
    assert (drop.action_class, rebuild.action_class) == (2, 1)
    assert drop.statements == ['DROP INDEX CONCURRENTLY "public"."jobs_made_ccnew"']
    assert [(await engine.carry_out(each)).end for each in (drop, rebuild)] == [End.DONE, End.DONE]
    assert (await report_of(engine)).figures["invalid_indexes"].value == 0


async def test_an_index_is_created_once_and_others_go_on_writing(place: Place) -> None:
    place.execute(*JOBS)
    wanted = {"name": "xs", "table": "jobs", "columns": ["made desc", "id"]}
    wanted["where"] = {"text": "it's"}  # type: ignore[assignment]
    (made,) = await done(place.engine(), create_index=wanted)
    assert made.end is End.DONE
    assert "(made DESC, id) WHERE (text = 'it''s'::text)" in made.said
    assert await plan(place.engine(), create_index=wanted) == []


async def test_retention_counts_first_and_moves_what_is_older_than_a_fixed_moment(
    place: Place,
) -> None:
    place.execute(*JOBS, ARCHIVE)
    engine = place.engine()
    (task,) = await plan(engine, retention={**MOVE, "batch": 999})
    assert (task.action_class, task.preview) == (2, "9901 rows")
    assert place.value("SELECT count(*) FROM archive") == 0
    place.execute("INSERT INTO jobs (made) VALUES (now() - interval '99 hours 59 minutes 59.9 s')")
    await asyncio.sleep(0.2)
    result = await engine.carry_out(task)
    assert (result.end, result.after["rows_done"]) == (End.DONE, 9901)
    assert place.value("SELECT count(*) FROM jobs") == 100
    assert place.value("SELECT count(DISTINCT id) FROM archive") == 9901


async def test_partitions_lose_no_row_that_only_has_the_same_place(place: Place) -> None:
    place.execute(
        "CREATE TABLE parts (id int, made timestamptz) PARTITION BY LIST (id)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1)",
        "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2)",
        "INSERT INTO parts VALUES (1, now() - interval '2 days'), (2, now())",
    )
    step = {"table": "parts", "column": "made", "older_than": "1d"}
    (result,) = await done(place.engine(), retention=step)
    assert result.after["rows_done"] == 1
    assert place.value("SELECT array_agg(id) FROM parts") == [2]


async def test_numbers_since_1970_are_times_as_well(place: Place) -> None:
    now = int(time.time() * 1000)
    place.execute("CREATE TABLE ticks (at bigint)")
    place.execute(f"INSERT INTO ticks VALUES ({now}), ({now - 90_000_000})")  # noqa: S608 - numbers
    step = {"table": "ticks", "column": "at", "stored_as": "unix_milliseconds"}
    (result,) = await done(place.engine(), retention={**step, "older_than": "1d"})
    assert (result.after["rows_done"], place.value("SELECT at FROM ticks")) == (1, now)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("CREATE TABLE archive (id int)", "has no column made, text"),
        ("CREATE TABLE other (id int)", "there is no 'archive'"),
    ],
)
async def test_an_archive_that_would_lose_something_is_refused(
    place: Place, before: str, said: str
) -> None:
    place.execute(*JOBS, before)
    (task,) = await plan(place.engine(), retention=MOVE)
    assert said in task.refused


async def test_an_archive_that_has_a_row_already_changes_nothing(place: Place) -> None:
    place.execute(*JOBS, "CREATE TABLE archive (LIKE jobs INCLUDING INDEXES)")
    place.execute("INSERT INTO archive SELECT * FROM jobs WHERE id = 10000")
    (result,) = await done(place.engine(), retention={**MOVE, "batch": 100_000})
    assert result.end is End.FAILED
    assert "duplicate key" in result.said
    assert place.value("SELECT count(*) FROM jobs") == 10_000


async def test_what_else_a_delete_changes_is_said_beforehand(place: Place) -> None:
    place.execute(*JOBS, "CREATE TABLE notes (job int REFERENCES jobs ON DELETE CASCADE)", ARCHIVE)
    (task,) = await plan(place.engine(), retention=MOVE)
    assert "ALSO CHANGES notes" in task.needs


async def test_killed_in_the_middle_no_row_is_lost_or_doubled(place: Place) -> None:
    place.execute(*JOBS, ARCHIVE)
    code = (
        "import asyncio, time; from tests.databases.engines.test_postgres import *;"
        "from opsbook.databases.engine import engine_kinds;"
        "e = engine_kinds.load('postgres').model_validate({'database': 'env:MOVED'});"
        "asyncio.run(done(e, retention={**MOVE, 'batch': 20}))"
    )
    environment = {**os.environ, "MOVED": place.url(), "PYTHONPATH": "src:."}
    root = Path(__file__).parents[3]
    child = subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=root)
    wait_until(lambda: place.value("SELECT count(*) > 500 FROM archive") is True)
    child.send_signal(signal.SIGKILL)
    child.wait()
    both = "SELECT count(*) FROM (SELECT id FROM jobs UNION ALL SELECT id FROM archive) x"
    each = "SELECT count(*) FROM (SELECT id FROM jobs UNION SELECT id FROM archive) x"
    assert (place.value(both), place.value(each)) == (10_000, 10_000)
    assert place.value("SELECT count(*) FROM jobs WHERE made < now() - interval '101h'") != 0
    (rest,) = await done(place.engine(), retention=MOVE)
    assert rest.end is End.DONE
    assert (place.value(both), place.value("SELECT count(*) FROM jobs")) == (10_000, 99)


async def test_a_vacuum_that_was_not_permitted_has_failed(place: Place) -> None:
    place.execute(*JOBS, "GRANT SELECT ON jobs TO clerk")
    engine = place.engine("clerk", "clerk-s3cret")
    (result,) = await done(engine, vacuum={"tables": ["jobs"]})
    assert result.end is End.FAILED
    assert "permission denied" in result.said or "only" in result.said


async def test_what_a_role_may_not_know_is_unknown(place: Place) -> None:
    place.execute(*JOBS, "ANALYZE jobs")
    with place.server.connect() as other:
        other.execute("BEGIN")
        report = await report_of(place.engine("clerk", "clerk-s3cret"))
    longest, bloat = (
        report.figures[name] for name in ("longest_query_seconds", "bloat_worst_percent")
    )
    assert longest.level is bloat.level is Level.UNKNOWN
    assert "pg_monitor" in longest.why


async def test_rows_that_a_role_does_not_see_are_not_counted_as_none(place: Place) -> None:
    place.execute(
        *JOBS,
        "GRANT ALL ON jobs TO clerk",
        "ALTER TABLE jobs ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY few ON jobs USING (id < 10)",
    )
    step = {"table": "jobs", "column": "made", "older_than": "1d"}
    (task,) = await plan(place.engine("clerk", "clerk-s3cret"), retention=step)
    assert "row-level security" in task.refused


async def test_only_listed_connections_that_are_still_idle_are_closed(place: Place) -> None:
    engine, step = place.engine(), {"longer_than": "100ms"}
    with place.server.connect() as idle, place.server.connect() as busy:
        await asyncio.sleep(0.2)
        (task,) = await plan(engine, close_idle=step)
        busy.execute("BEGIN")
        result = await engine.carry_out(task)
        assert (task.action_class, result.said) == (2, "1 closed")
        busy.execute("SELECT 1")
        with pytest.raises(Exception, match=r"terminat|clos"):
            idle.execute("SELECT 1")


async def test_a_stopped_task_stops_its_statement_on_the_server(place: Place) -> None:
    place.execute(*JOBS, ARCHIVE)
    engine = place.engine()
    (task,) = await plan(engine, retention={**MOVE, "batch": 1})
    working = asyncio.create_task(engine.carry_out(task))
    await asyncio.sleep(0.3)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'opsbook'"
    wait_until(lambda: place.value(sessions) == 0)
    both = "SELECT count(*) FROM (SELECT id FROM jobs UNION ALL SELECT id FROM archive) x"
    assert place.value(both) == 10_000


async def test_a_standby_is_only_looked_at_and_what_it_does_not_count_is_unknown(
    contrib: Postgres,
) -> None:
    with standby(contrib) as server:
        engine = Place(server).engine()
        report = await report_of(engine)
        with pytest.raises(DatabaseError, match="is a standby and cannot be changed"):
            await plan(engine, vacuum={})
    dead = report.figures["dead_worst_percent"]
    assert (dead.value, dead.level) == (None, Level.UNKNOWN)
    assert "primary" in dead.why
    assert report.figures["size_bytes"].value


async def test_a_role_that_may_only_read_changes_nothing(place: Place) -> None:
    place.execute(*JOBS, ARCHIVE, "GRANT SELECT, DELETE ON jobs TO clerk")
    place.execute("GRANT SELECT, INSERT ON archive TO clerk")
    place.execute(
        f"ALTER ROLE clerk IN DATABASE {place.server.database}"
        " SET default_transaction_read_only = on"
    )
    (result,) = await done(place.engine("clerk", "clerk-s3cret"), retention=MOVE)
    assert result.end is End.FAILED
    assert "read-only transaction" in result.said
    assert place.value("SELECT count(*) FROM jobs") == 10_000


def partitioned(column: str = "at", kind: str = "timestamptz", by: str = "RANGE") -> str:
    return f"CREATE TABLE ticks ({column} {kind}, price int) PARTITION BY {by} ({column})"


def month(offset: int) -> str:
    """`2026_11` for the one of now."""
    today = datetime.now(UTC)
    number = today.year * 12 + today.month - 1 + offset
    return f"{number // 12}_{number % 12 + 1:02}"


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
async def test_partitions_are_made_ahead_once(place: Place, kind: str) -> None:
    place.execute(partitioned(kind=kind))
    step = {"table": "ticks", "by": "month", "ahead": 3}
    planned = await plan(place.engine(), partitions=step)
    assert [each.name for each in planned] == [
        f"create partition public.ticks_{month(offset)}" for offset in range(4)
    ]
    assert {each.action_class for each in planned} == {2}
    assert all(each.preview.startswith("rows of ") for each in planned)
    assert place.value("SELECT count(*) FROM pg_inherits") == 0, "a plan changes nothing"
    results = [await place.engine().carry_out(each) for each in planned]
    assert [each.end for each in results] == [End.DONE] * 4
    assert (results[0].before, results[3].after) == ({"partitions": 0}, {"partitions": 4})
    place.execute("INSERT INTO ticks VALUES (now(), 1), (now() + interval '28 days', 2)")
    assert await plan(place.engine(), partitions=step) == []


async def test_partitions_are_those_of_utc_whatever_the_server_thinks(place: Place) -> None:
    name = place.server.database
    place.execute(partitioned(), f"ALTER DATABASE {name} SET timezone = 'Pacific/Auckland'")
    await done(place.engine(), partitions={"table": "ticks", "by": "day", "ahead": 1})
    assert await plan(place.engine(), partitions={"table": "ticks", "by": "day", "ahead": 1}) == []
    place.execute("INSERT INTO ticks VALUES (date_trunc('day', now(), 'UTC'), 1)")
    assert place.value("SELECT tableoid::regclass::text FROM ticks") == (
        f"ticks_{datetime.now(UTC):%Y_%m_%d}"
    )


async def test_weeks_begin_on_monday(place: Place) -> None:
    place.execute(partitioned(kind="date"))
    (first,) = await plan(place.engine(), partitions={"table": "ticks", "by": "week", "ahead": 0})
    year, week, day = datetime.now(UTC).isocalendar()
    monday = datetime.now(UTC) - timedelta(days=day - 1)
    assert first.name == f"create partition public.ticks_{year}_w{week:02}"
    assert f"FROM ('{monday:%Y-%m-%d}')" in first.statements[0]


async def test_a_period_that_is_there_in_part_is_refused_and_the_others_are_made(
    place: Place,
) -> None:
    begin = datetime.now(UTC).replace(day=1)
    place.execute(
        partitioned(),
        f"CREATE TABLE odd PARTITION OF ticks FOR VALUES FROM (MINVALUE) TO ('{begin:%Y-%m-10}')",
    )
    step = {"table": "ticks", "by": "month", "ahead": 1}
    first, second = await plan(place.engine(), partitions=step)
    assert "is taken in part" in first.refused
    assert second.refused == ""


async def test_rows_in_the_default_partition_are_not_lost(place: Place) -> None:
    place.execute(
        partitioned(),
        "CREATE TABLE rest PARTITION OF ticks DEFAULT",
        "INSERT INTO ticks VALUES (now(), 1)",
    )
    (task,) = await plan(place.engine(), partitions={"table": "ticks", "by": "month", "ahead": 0})
    result = await place.engine().carry_out(task)
    assert "its default partition is read whole" in task.needs
    assert result.end is End.FAILED
    assert "default partition" in result.said
    assert place.value("SELECT count(*) FROM ticks") == 1


@pytest.mark.parametrize(
    "made",
    [
        partitioned(by="HASH"),
        partitioned(kind="int"),
        "CREATE TABLE ticks (at date, price int) PARTITION BY RANGE (at, price)",
        "CREATE TABLE ticks (at date) PARTITION BY RANGE ((at + 1))",
    ],
)
async def test_what_is_not_divided_by_times_is_refused(place: Place, made: str) -> None:
    place.execute(made)
    (task,) = await plan(place.engine(), partitions={"table": "ticks", "by": "day"})
    assert "its partitions are made by hand" in task.refused


async def test_a_table_that_others_hold_gets_no_partition_and_is_not_waited_for(
    place: Place,
) -> None:
    place.execute(partitioned())
    (task,) = await plan(place.engine(), partitions={"table": "ticks", "by": "day", "ahead": 0})
    with place.server.connect() as other, other.transaction():
        other.execute("SELECT * FROM ticks")
        assert (await place.engine().carry_out(task)).end is End.LOCKED
    assert (await place.engine().carry_out(task)).end is End.DONE


async def test_two_opsbooks_do_not_maintain_one_database_at_once(place: Place) -> None:
    mine, theirs = place.engine(), place.engine()
    async with mine.alone(PATIENCE):
        with pytest.raises(DatabaseError, match="another Opsbook maintains it"):
            async with theirs.alone(PATIENCE):
                raise AssertionError("both do")
        async with database(place.server).engine().alone(PATIENCE):
            pass
    async with theirs.alone(PATIENCE):
        pass


async def test_a_dead_opsbook_keeps_nobody_from_maintaining(place: Place) -> None:
    holding = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    holders = contextlib.AsyncExitStack()
    await holders.enter_async_context(place.engine().alone(PATIENCE))
    place.execute(holding)
    wait_until(lambda: not place.value(_HELD))
    async with place.engine().alone(PATIENCE):
        assert place.value(_HELD) == 1
    await holders.aclose()


_HELD = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def test_partitions_come_by_the_year_too(place: Place) -> None:
    place.execute(partitioned())
    await done(place.engine(), partitions={"table": "ticks", "by": "year", "ahead": 1})
    year = datetime.now(UTC).year
    made = "SELECT array_agg(inhrelid::regclass::text ORDER BY inhrelid) FROM pg_inherits"
    assert place.value(made) == [
        f"ticks_{year}",
        f"ticks_{year + 1}",
    ]


async def test_an_index_that_was_left_invalid_is_dropped_and_made_by_the_next_try(
    place: Place,
) -> None:
    place.execute(*JOBS)
    wanted = {"name": "xs", "table": "jobs", "columns": ["text"]}
    with place.server.connect() as other:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1 FROM jobs LIMIT 1")
        (failed,) = await done(place.engine(), create_index=wanted)
    (task,) = await plan(place.engine(), create_index=wanted)
    assert (failed.end, "it is left invalid" in failed.said) == (End.LOCKED, True)
    assert task.statements[0] == 'DROP INDEX CONCURRENTLY "public"."xs"'
    assert (await place.engine().carry_out(task)).end is End.DONE
    assert place.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 0


async def test_a_partition_that_is_divided_itself_gets_its_index_by_hand(place: Place) -> None:
    place.execute(
        partitioned(),
        "CREATE TABLE part PARTITION OF ticks DEFAULT PARTITION BY RANGE (price)",
    )
    step = {"name": "xs", "table": "ticks", "columns": ["price"]}
    whole, part = await plan(place.engine(), create_index=step)
    assert whole.statements == ['CREATE INDEX "xs" ON ONLY "public"."ticks" ("price")']
    assert "is partitioned itself" in part.refused


async def test_what_a_dead_opsbook_left_running_keeps_the_next_one_from_beginning(
    place: Place,
) -> None:
    place.execute(*JOBS)
    (task,) = await plan(place.engine(), vacuum={"tables": ["jobs"]})
    with place.server.connect() as other, other.transaction():
        other.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        under_way = asyncio.create_task(place.engine().carry_out(task))
        await asyncio.to_thread(wait_until, lambda: place.value(_HELD) == 1)
        with pytest.raises(DatabaseError, match="another Opsbook maintains it"):
            async with place.engine().alone(PATIENCE):
                raise AssertionError("its statement is still at work")
        await under_way
    async with place.engine().alone(PATIENCE):
        pass
