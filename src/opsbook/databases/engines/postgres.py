"""`postgres`: care of a PostgreSQL database."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import psycopg

from opsbook.book.fields import Secret
from opsbook.core.stoppable import stoppable
from opsbook.databases.engine import Engine, Patience
from opsbook.databases.limits import Limits
from opsbook.databases.maintain import Baseline, MaintainStep
from opsbook.databases.model import DatabaseError, Report, Task
from opsbook.databases.postgresql.baselines import Baselines
from opsbook.databases.postgresql.findings import Part, Standing
from opsbook.databases.postgresql.idle import plan_close_idle
from opsbook.databases.postgresql.indexes import InvalidIndexes, MissingIndexes, UnusedIndexes
from opsbook.databases.postgresql.indexing import plan_create_index
from opsbook.databases.postgresql.partitions import plan_partitions
from opsbook.databases.postgresql.planner import Planner
from opsbook.databases.postgresql.queries import LongQueries, SlowQueries
from opsbook.databases.postgresql.reindex import plan_reindex
from opsbook.databases.postgresql.retention import plan_retention
from opsbook.databases.postgresql.server import Connections, PendingRestart, Size
from opsbook.databases.postgresql.session import WORKING, Login, Session, is_lost, words
from opsbook.databases.postgresql.tables import Bloat, DeadRows
from opsbook.databases.postgresql.vacuum import plan_analyze, plan_vacuum

_PARTS: tuple[type[Part], ...] = (
    Size,
    Connections,
    DeadRows,
    Bloat,
    LongQueries,
    SlowQueries,
    UnusedIndexes,
    MissingIndexes,
    InvalidIndexes,
    PendingRestart,
)
_PLANS: Mapping[str, Callable[[Planner, Any], Awaitable[list[Task]]]] = {
    "vacuum": plan_vacuum,
    "analyze": plan_analyze,
    "reindex": plan_reindex,
    "retention": plan_retention,
    "create_index": plan_create_index,
    "partitions": plan_partitions,
    "close_idle": plan_close_idle,
}
_STANDING = """
    SELECT pg_is_in_recovery() AS standby,
        extract(epoch FROM now() - coalesce(stats_reset, pg_postmaster_start_time()))::float8 AS age
    FROM pg_stat_database WHERE datname = current_database()
"""
"""Where nothing was ever reset, the counts are at least as old as this run of the server."""

_ALONE = """
    SELECT pg_try_advisory_lock(hashtextextended('opsbook maintenance', 0)) AS ours,
        set_config('idle_session_timeout', '0', false)
"""
"""Of this database: locks of this kind are each database's own."""
_AT_REST = f"""
    SELECT CASE WHEN pg_try_advisory_lock({WORKING}) THEN pg_advisory_unlock({WORKING}) END AS rest
"""
"""Whether no statement of an Opsbook that died is still at work."""
_EXTENSIONS = """
    SELECT extname AS name, nspname AS schema
    FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
"""


class Postgres(Engine):
    """A PostgreSQL database, from version 15; its role should be a member of pg_monitor."""

    database: Secret
    """The whole URL, such as postgresql://user:password@host:5432/database."""

    measures: ClassVar[Mapping[str, str]] = {
        "size_bytes": "size of the database; limit `size`",
        "connections": "client sessions on the server, this one included",
        "connections_percent": "share in use of those for everybody; limit `connections_percent`",
        "dead_worst_percent": "dead rows per live row, of the worst table above 1 MiB; "
        "limit `dead_percent`",
        "bloat_worst_percent": "space that the worst table above 1 MiB does not need: measured by "
        "pgstattuple, else estimated; limit `bloat_percent`",
        "longest_query_seconds": "age of the oldest query or transaction; limit `long_query`",
        "slow_queries": "statements whose mean time is above `slow_query`, by "
        "pg_stat_statements; limit `slow_queries`",
        "unused_index_bytes": "size of indexes never scanned and above `unused_index`",
        "statistics_age_seconds": "for how long scans have been counted, at least",
        "missing_indexes": "foreign keys without an index, and large tables mostly read whole",
        "invalid_indexes": "indexes that are kept up and never used; more than 0 is too many",
        "pending_restart_settings": "settings that wait for a restart; more than 0 is too many",
    }
    limited: ClassVar[frozenset[str]] = frozenset(
        {"size", "connections_percent", "dead_percent", "bloat_percent"}
        | {"long_query", "slow_query", "slow_queries", "unused_index"}
    )
    steps: ClassVar[frozenset[str]] = frozenset(_PLANS)
    confirmed: ClassVar[frozenset[str]] = frozenset(
        {"retention", "create_index", "partitions", "close_idle"}
    )
    has_baselines: ClassVar[bool] = True

    @property
    def subject(self) -> str:
        return Login(self.database, Patience(0, 0)).subject

    async def report(
        self, limits: Limits, baselines: Mapping[str, Baseline], patience: Patience, now: float
    ) -> Report:
        login = Login(self.database, patience, reads=True)
        parts = [part() for part in _PARTS]
        if baselines:
            parts.append(Baselines(baselines, now))
        return await stoppable(_reported(login, limits, parts))

    async def plan(
        self, steps: Sequence[MaintainStep], patience: Patience, now: float
    ) -> list[Task]:
        return await stoppable(_planned(Login(self.database, patience), steps, now))

    @asynccontextmanager
    async def alone(self, patience: Patience) -> AsyncIterator[None]:
        """By a lock that the server lets go of with our connection, however that ends."""
        login = Login(self.database, patience)
        async with login.session() as session:
            ours = (await session.row(_ALONE))["ours"]
            if not ours or not (await session.row(_AT_REST))["rest"]:
                raise DatabaseError(
                    f"{login.subject}: another Opsbook maintains it; wait for its end"
                )
            yield


async def _reported(login: Login, limits: Limits, parts: Sequence[Part]) -> Report:
    report = Report()
    async with login.session() as session:
        found = await session.row(_STANDING)
        extensions = await _extensions(session)
        standing = Standing(limits, found["standby"], found["age"], extensions)
        for part in parts:
            await part.add(session, standing, report)
    return report


async def _planned(login: Login, steps: Sequence[MaintainStep], now: float) -> list[Task]:
    async with login.session() as session:
        if (await session.row(_STANDING))["standby"]:
            said = "is a standby and cannot be changed: name its primary"
            raise DatabaseError(f"{login.subject}: {said}")
        planner = Planner(session, login, now, await _extensions(session))
        tasks = []
        for step in steps:
            tasks += await _step(planner, step)
        return tasks


async def _step(planner: Planner, step: MaintainStep) -> list[Task]:
    """A step that cannot be planned is a task that is refused: the others are done."""
    try:
        return await _PLANS[step.kind](planner, step.settings)
    except DatabaseError as error:
        return [Task(step.kind, 1, (), refused=str(error))]
    except psycopg.Error as error:
        if is_lost(error):
            raise
        return [Task(step.kind, 1, (), refused=f"{planner.login.subject}: {words(error)}")]


async def _extensions(session: Session) -> dict[str, str]:
    return {row["name"]: row["schema"] for row in await session.rows(_EXTENSIONS)}
