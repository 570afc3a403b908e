"""Queries that run for long now, and statements that are slow on average."""

from psycopg import sql

from opsbook.databases.model import Report
from opsbook.databases.postgresql.findings import Part, Standing
from opsbook.databases.postgresql.session import Session

_MOST = 20
_LONGEST_TEXT = 300

_RUNNING = """
    SELECT pid, usename, state, query, wait_event,
        extract(epoch FROM clock_timestamp()
            - CASE WHEN state = 'active' THEN query_start ELSE xact_start END)::float8 AS seconds
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
        AND coalesce(backend_type, 'client backend') = 'client backend'
        AND state IS DISTINCT FROM 'idle'
    ORDER BY seconds DESC NULLS LAST
"""
"""Of a session that is idle in a transaction, the transaction is what others wait for."""

_SLOW = """
    SELECT calls, mean_exec_time / 1000 AS mean, total_exec_time / 1000 AS total, query
    FROM {}.pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND mean_exec_time > %s
    ORDER BY total_exec_time DESC
"""


class LongQueries(Part):
    figures = ("longest_query_seconds",)
    listing = "longest_queries"

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        rows = await session.rows(_RUNNING)
        seen = [row for row in rows if row["seconds"] is not None]
        hidden = [row for row in rows if row["state"] is None]
        longest = max((row["seconds"] for row in seen), default=0.0)
        why = f"{len(hidden)} sessions of others are not shown: GRANT pg_monitor to its role"
        if hidden and longest <= standing.limits.long_query:
            report.miss(self.figures, why)
        else:
            report.tell("longest_query_seconds", longest, standing.limits.long_query)
        cells = [
            (row["pid"], row["usename"], round(row["seconds"], 1), row["state"], _cut(row["query"]))
            for row in seen
            if row["seconds"] > standing.limits.long_query
        ]
        columns = ("pid", "user", "seconds", "state", "query")
        report.show(self.listing, columns, cells[:_MOST], why if hidden else "")


class SlowQueries(Part):
    figures = ("slow_queries",)
    listing = "slow_queries"

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        schema = standing.extensions.get("pg_stat_statements")
        if schema is None:
            why = (
                "the extension pg_stat_statements is not there: add it to "
                "shared_preload_libraries, restart, CREATE EXTENSION pg_stat_statements"
            )
            report.miss(self.figures, why)
            report.show(self.listing, (), (), why)
            return
        query = sql.SQL(_SLOW).format(sql.Identifier(schema)).as_string()
        rows = await session.rows(query, (standing.limits.slow_query * 1000,))
        report.tell("slow_queries", len(rows), standing.limits.slow_queries)
        cells = [(row["calls"], row["mean"], row["total"], _cut(row["query"])) for row in rows]
        columns = ("calls", "mean_seconds", "total_seconds", "query")
        report.show(self.listing, columns, cells[:_MOST])


def _cut(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())[:_LONGEST_TEXT]
