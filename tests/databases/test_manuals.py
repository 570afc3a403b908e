"""The databases of five manuals of operations, maintained as these ask for, by the books in
`docs/howto/databases`."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsbook.app.book import read_book
from opsbook.databases.model import End, Level, Report, Task, TaskResult
from opsbook.databases.settings import DatabaseSettings
from tests.databases.engines.test_postgres import rows
from tests.databases.engines.test_sqlite import value
from tests.databases.servers import Place, database, postgres_of
from tests.docs.page import DOCS
from tests.servers.postgres import Postgres
from tests.servers.process import wait_until


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """With pg_stat_statements and pgstattuple, as the manuals' servers may have them."""
    with postgres_of("15", autovacuum="off", max_connections="40") as running:
        yield running


@pytest.fixture
def place(server: Postgres) -> Place:
    return database(server)


@dataclass
class Example:
    """One database of one of the books."""

    settings: DatabaseSettings

    async def report(self) -> Report:
        it = self.settings
        return await it.engine.report(it.limits, it.baselines, it.patience, time.time())

    async def plan(self) -> list[Task]:
        it = self.settings
        return await it.engine.plan(it.maintain, it.patience, time.time())

    async def maintain(self) -> dict[str, TaskResult]:
        """Every task, by how its name begins."""
        results = [await self.settings.engine.carry_out(each) for each in await self.plan()]
        assert {each.end for each in results} <= {End.DONE}, results
        return {each.task.split(", older")[0]: each for each in results}


_SECRETS = {"agentic": "SUPABASE"}


def example(book: str, name: str, monkeypatch: pytest.MonkeyPatch, url: str = "") -> Example:
    file = DOCS / "howto" / "databases" / f"{book}.yaml"
    monkeypatch.setenv(f"{_SECRETS.get(book, book.upper())}_URL", url)
    return Example(read_book(file).databases[name])


def counted(place: Place, query: str, wanted: object) -> None:
    """What a server counts comes a moment later."""
    wait_until(lambda: place.value(query) == wanted)


FLUSHED = "SELECT pg_stat_force_next_flush()"
DEBATES = (
    "CREATE SCHEMA advanced",
    """CREATE TABLE advanced.debate_sessions (id serial PRIMARY KEY, topic text, outcome text,
    created_at timestamptz NOT NULL)""",
    "CREATE TABLE advanced.debate_sessions_archive (LIKE advanced.debate_sessions)",
    """INSERT INTO advanced.debate_sessions (topic, outcome, created_at)
    SELECT 'topic ' || n, repeat('x', 300), now() - interval '1 day' * (n - 0.5) / 100
    FROM generate_series(1, 12000) n""",
    "CREATE INDEX debate_sessions_topic ON advanced.debate_sessions (topic)",
    FLUSHED,
    "ANALYZE",
)


async def test_helixagent_moves_what_is_older_than_90_days_and_gets_its_statistics(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.execute(*DEBATES)
    it = example("helixagent", "helixagent_advanced", monkeypatch, place.url())
    (planned, *_) = await it.plan()
    assert (planned.action_class, planned.preview) == (2, "3000 rows")
    done = await it.maintain()
    moved = done["move advanced.debate_sessions to advanced.debate_sessions_archive"]
    assert moved.after["rows_done"] == 3000
    assert place.value("SELECT count(*) FROM advanced.debate_sessions") == 9000
    assert place.value("SELECT count(*) FROM advanced.debate_sessions_archive") == 3000
    assert done["vacuum advanced.debate_sessions"].after["dead_rows"] == 0
    analyzed = "SELECT last_analyze FROM pg_stat_user_tables WHERE relname = 'debate_sessions'"
    assert place.value(analyzed) is not None
    report = await it.report()
    assert report.figures["size_bytes"].level is Level.FINE
    assert report.figures["bloat_worst_percent"].value is not None
    assert report.figures["longest_query_seconds"].level is Level.FINE


async def test_helixagent_sees_bloat_long_queries_and_indexes_that_nobody_uses(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.execute(
        *DEBATES,
        "CREATE EXTENSION pgstattuple",
        "DELETE FROM advanced.debate_sessions WHERE id % 2 = 0",
    )
    it = example("helixagent", "helixagent_advanced", monkeypatch, place.url())
    report = await it.report()
    bloat = rows(report, "bloat")["advanced.debate_sessions"]
    assert report.figures["bloat_worst_percent"].level is Level.OVER
    assert (bloat["by"], bloat["bloat_percent"]) == ("pgstattuple", pytest.approx(50, abs=5))
    assert report.listings["longest_queries"].rows == []
    assert "unused_indexes" in report.listings


CONSENTS = (
    "CREATE EXTENSION pgstattuple",
    *(
        f"""CREATE TABLE {name} (id serial PRIMARY KEY, user_id int DEFAULT 1, said text,
        {at} timestamptz NOT NULL)"""
        for name, at in {
            "user_consents": "given_at",
            "trust_scores": "made_at",
            "error_logs": "timestamp",
            "performance_alerts": "created_at",
            "gdpr_audit_log": "made_at",
        }.items()
    ),
    "CREATE TABLE error_logs_archive (LIKE error_logs)",
    """CREATE TABLE query_performance_logs
    (operation text, duration_ms float8, timestamp timestamptz)""",
    """INSERT INTO user_consents (user_id, said, given_at)
    SELECT n % 100, repeat('x', 200), now() FROM generate_series(1, 10000) n""",
    """INSERT INTO trust_scores (said, made_at) SELECT repeat('x', 200), now()
    FROM generate_series(1, 10000) n""",
    """INSERT INTO error_logs (said, timestamp) SELECT repeat('x', 50), now() - interval '1h' * n
    FROM generate_series(1, 4000) n""",
    """INSERT INTO performance_alerts (said, created_at) SELECT 'slow', now() - interval '1h' * n
    FROM generate_series(1, 1000) n""",
    """INSERT INTO query_performance_logs SELECT 'trust_score_calculation', n, now()
    FROM generate_series(1, 100) n""",
    """INSERT INTO query_performance_logs VALUES ('trust_score_calculation', 9999,
    now() - interval '8 days'), ('other', 9999, now())""",
    "CREATE INDEX idx_user_consents_user_id ON user_consents (user_id)",
    "CREATE INDEX idx_error_logs_timestamp ON error_logs (timestamp)",
    "CREATE INDEX idx_performance_alerts_created_at ON performance_alerts (created_at)",
    "CREATE INDEX idx_trust_scores_said ON trust_scores (said, id)",
    FLUSHED,
    "VACUUM ANALYZE",
    "DELETE FROM user_consents WHERE id % 20 <> 0",
)
"""19 dead rows for each live one of user_consents: 1 900 %."""


async def test_agentic_does_in_each_step_what_is_needed_and_nothing_else(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.execute(*CONSENTS)
    dead = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'user_consents'"
    counted(place, dead, 9500)
    it = example("agentic", "supabase", monkeypatch, place.url())
    before = await it.report()
    done = await it.maintain()
    assert rows(before, "tables")["public.user_consents"]["dead_percent"] == 1900.0
    assert [each for each in done if each.startswith("vacuum")] == ["vacuum public.user_consents"]
    assert not any(each.startswith("reindex") for each in done), "no index has bloat yet"
    assert done["delete rows of public.performance_alerts"].after["rows_done"] == 281
    moved = done["move public.error_logs to public.error_logs_archive"]
    assert moved.after["rows_done"] == 1841
    assert place.value("SELECT count(*) FROM error_logs") == 4000 - 1841
    assert place.value("SELECT count(*) FROM error_logs_archive") == 1841
    again = await it.maintain()
    assert "reindex public.idx_user_consents_user_id" in again, "its rows are gone now"
    assert again["move public.error_logs to public.error_logs_archive"].after["rows_done"] == 0


async def test_agentic_gets_a_baseline_and_the_indexes_that_nobody_uses(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.execute(*CONSENTS)
    report = await example("agentic", "supabase", monkeypatch, place.url()).report()
    name = "trust_score_calculation"
    assert report.figures[f"{name}_count"].value == 100
    assert report.figures[f"{name}_mean_seconds"].value == pytest.approx(0.0505)
    assert report.figures[f"{name}_p95_seconds"].value == pytest.approx(0.09505)
    unused = rows(report, "unused_indexes")["public.idx_trust_scores_said"]
    assert unused["scans"] == 0
    assert int(unused["size_bytes"]) > 1024 * 1024
    assert int(report.figures["size_bytes"].value or 0) > 1024 * 1024


async def test_niodoo_is_vacuumed_daily_and_its_indexes_are_built_anew_weekly(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.execute(
        "CREATE TABLE events (id serial PRIMARY KEY, what text)",
        "CREATE TABLE memories (id serial PRIMARY KEY, what text UNIQUE)",
        "INSERT INTO events (what) SELECT 'e' FROM generate_series(1, 1000)",
        "DELETE FROM events WHERE id > 500",
    )
    daily = example("niodoo", "niodoo", monkeypatch, place.url())
    counted(place, "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'events'", 500)
    with place.server.connect():
        report = await daily.report()
        assert int(report.figures["connections"].value or 0) >= 2
        assert "active" in rows(report, "connections")
    assert int(report.figures["size_bytes"].value or 0) > 0
    done = await daily.maintain()
    assert done["vacuum public.events"].after["dead_rows"] == 0
    before = place.value(_INDEXES)
    weekly = await example("niodoo", "niodoo_weekly", monkeypatch, place.url()).maintain()
    assert [each.split()[0] for each in weekly] == ["reindex"] * 3 + ["analyze"] * 2
    assert set(before) & set(place.value(_INDEXES)) == set()  # type: ignore[call-overload]


AGENTS = (
    "CREATE TABLE agents (id int PRIMARY KEY, status text)",
    "CREATE TABLE communication_links (from_agent int, to_agent int, intensity float8)",
    """CREATE TABLE agent_positions (agent_id int, timestamp timestamptz NOT NULL, x float8)
    PARTITION BY RANGE (timestamp)""",
    """CREATE TABLE agent_positions_2025 PARTITION OF agent_positions
    FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00')""",
    """INSERT INTO agents SELECT n, CASE WHEN n % 3 = 0 THEN 'active' ELSE 'idle' END
    FROM generate_series(1, 300) n""",
    "INSERT INTO agent_positions SELECT n % 300, '2025-06-01', n FROM generate_series(1, 5000) n",
)


async def test_visionflow_has_a_partition_for_each_year_and_its_indexes_in_all_of_them(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.execute(*AGENTS)
    it = example("visionflow", "visionflow", monkeypatch, place.url())
    await it.maintain()
    assert {each.name.split()[0] for each in await it.plan()} == {"vacuum"}
    place.execute("INSERT INTO agent_positions VALUES (1, now(), 1), (2, now() + '1 year', 1)")
    assert place.value(_INVALID) == 0
    year = time.gmtime().tm_year
    assert place.value(_ON_POSITIONS) == [
        "agent_positions",
        "agent_positions_2025",
        f"agent_positions_{year}",
        f"agent_positions_{year + 1}",
    ]
    active = "SELECT indexdef FROM pg_indexes WHERE indexname = 'idx_agents_active'"
    assert str(place.value(active)).endswith("WHERE (status = 'active'::text)")
    links = "SELECT indexdef FROM pg_indexes WHERE indexname = 'idx_communication_links_intensity'"
    assert "(from_agent, to_agent, intensity DESC)" in str(place.value(links))


async def test_an_index_of_a_partition_that_others_keep_from_being_built_is_mended_later(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.execute(*AGENTS)
    it = example("visionflow", "visionflow", monkeypatch, place.url())
    engine = it.settings.engine
    patience = type(it.settings.patience)(0.5, 20)
    with place.server.connect() as other:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1 FROM agent_positions_2025 LIMIT 1")
        tasks = await engine.plan(it.settings.maintain, patience, time.time())
        ends = {each.name: (await engine.carry_out(each)).end for each in tasks}
    name = "agent_positions_2025_idx_agent_positions_timestamp"
    assert ends[f"create index {name} on {_OF_2025}"] is End.LOCKED
    mend = {each.name: each for each in await it.plan()}[f"create index {name} on {_OF_2025}"]
    assert mend.statements[0] == f'DROP INDEX CONCURRENTLY "public"."{name}"'
    await it.maintain()
    assert place.value(_INVALID) == 0


_OF_2025 = "public.agent_positions_2025"
_INDEXES = """
    SELECT array_agg(oid) FROM pg_class
    WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace
"""
_INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
_ON_POSITIONS = """
    SELECT array_agg(tablename::text ORDER BY tablename) FROM pg_indexes
    WHERE tablename LIKE 'agent_positions%'
"""


async def test_helixflow_loses_no_row_that_is_young_however_its_time_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "helixflow.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "CREATE TABLE inference_requests "
            "(id INTEGER PRIMARY KEY, created_at TEXT, response_time REAL, text TEXT)"
        )
        connection.execute("CREATE TABLE models (name TEXT)")
        connection.executemany(
            "INSERT INTO inference_requests (created_at, response_time, text) VALUES "
            "(replace(datetime('now', ?), ' ', ?), ?, ?)",
            [
                (f"-{hours} hours", "T" if hours % 2 else " ", 100.0, "x" * 500)
                for hours in range(1, 1001)
            ],
        )
    written = (DOCS / "howto" / "databases" / "helixflow.yaml").read_text("utf-8")
    (tmp_path / "helixflow.yaml").write_text(written, encoding="utf-8")
    it = Example(read_book(tmp_path / "helixflow.yaml").databases["helixflow"])
    before = await it.report()
    assert before.figures["inference_count"].value == 167
    assert before.figures["inference_mean_seconds"].value == pytest.approx(0.1)
    assert before.listings["tables"].rows == [("inference_requests", 1000), ("models", 0)]
    size = file.stat().st_size
    assert before.figures["size_bytes"].value == size
    done = await it.maintain()
    assert list(done) == [
        "full integrity check",
        "delete inference_requests",
        "optimise",
        "vacuum",
    ]
    assert done["delete inference_requests"].after["rows_done"] == 281
    assert value(file, "SELECT count(*) FROM inference_requests") == 719
    assert file.stat().st_size < size
