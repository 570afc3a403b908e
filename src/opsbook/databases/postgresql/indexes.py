"""Indexes: never scanned, missing, or left behind invalid."""

from typing import Any

from psycopg import sql

from opsbook.core.units import format_duration, format_size
from opsbook.databases.model import Report
from opsbook.databases.postgresql.findings import Part, Standing
from opsbook.databases.postgresql.session import Session

_LONG_ENOUGH = 7 * 86_400.0
"""Seconds of counting without a scan after which an index is advised to be dropped."""
_MOST = 20

_UNUSED = """
    SELECT s.schemaname, s.relname, s.indexrelname, s.idx_scan, s.idx_tup_read, s.idx_tup_fetch,
        pg_relation_size(s.indexrelid) AS size, pg_get_indexdef(s.indexrelid) AS made_by
    FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)
    WHERE s.idx_scan = 0 AND i.indisvalid AND NOT i.indisunique AND NOT i.indisreplident
        AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = s.indexrelid)
        AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = s.indexrelid)
        AND pg_relation_size(s.indexrelid) > %s
    ORDER BY size DESC
"""
"""What holds a rule of the data up is used without being scanned."""

_FOREIGN = """
    SELECT n.nspname, t.relname, c.conname, f.relname AS referenced,
        array_agg(a.attname::text ORDER BY k.place) AS columns
    FROM pg_constraint c
    JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_class f ON f.oid = c.confrelid
    CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number
    WHERE c.contype = 'f' AND c.conparentid = 0 AND NOT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indisvalid AND i.indpred IS NULL
            AND c.conkey <@ (i.indkey::int2[])[0:cardinality(c.conkey) - 1]
    )
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3
"""
"""int2vector counts from 0."""

_SCANNED = """
    SELECT schemaname, relname, seq_scan, coalesce(idx_scan, 0) AS idx_scan,
        seq_tup_read / seq_scan AS rows_each, pg_total_relation_size(relid) AS size
    FROM pg_stat_user_tables
    WHERE seq_scan > coalesce(idx_scan, 0) AND seq_scan >= 10 AND seq_tup_read / seq_scan >= 10000
    ORDER BY seq_tup_read DESC
"""

INVALID = """
    SELECT n.nspname AS schema, c.relname AS name, t.relname AS table_name
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class t ON t.oid = i.indrelid
    WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname !~ '^pg_temp'
        AND NOT EXISTS (
            SELECT FROM pg_stat_progress_create_index p
            WHERE p.relid = i.indrelid AND p.datname = current_database()
        )
    ORDER BY 1, 2
"""
"""Not those that are being built."""


class UnusedIndexes(Part):
    figures = ("unused_index_bytes", "statistics_age_seconds")
    listing = "unused_indexes"

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        report.tell("statistics_age_seconds", standing.age)
        rows = await session.rows(_UNUSED, (standing.limits.unused_index,))
        remark = "scans on other servers of this cluster are not counted here"
        report.tell("unused_index_bytes", sum(row["size"] for row in rows))
        columns = ("index", "table", "scans", "rows_read", "rows_fetched", "size_bytes")
        report.show(self.listing, columns, [_unused_cells(row) for row in rows[:_MOST]], remark)
        if standing.standby or standing.age is None or standing.age < _LONG_ENOUGH:
            return
        for row in rows:
            name = sql.Identifier(row["schemaname"], row["indexrelname"]).as_string()
            counted = format_duration(standing.age)
            why = f"{format_size(row['size'])}, not scanned here for {counted}; "
            report.advise(f"DROP INDEX CONCURRENTLY {name}", 3, f"{why}back with: {row['made_by']}")


class MissingIndexes(Part):
    figures = ("missing_indexes",)
    listing = "missing_indexes"

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        foreign = await session.rows(_FOREIGN)
        for row in foreign:
            table = sql.Identifier(row["nspname"], row["relname"])
            columns = sql.SQL(", ").join(map(sql.Identifier, row["columns"]))
            statement = sql.SQL("CREATE INDEX CONCURRENTLY ON {} ({})").format(table, columns)
            why = f"{row['conname']} refers to {row['referenced']}, and a delete there reads all"
            report.advise(statement.as_string(), 2, why)
        rows = [_foreign_cells(row) for row in foreign]
        rows += [_scanned_cells(row) for row in await session.rows(_SCANNED)]
        report.tell("missing_indexes", len(rows))
        report.show(self.listing, ("table", "columns", "because"), rows[:_MOST])


class InvalidIndexes(Part):
    figures = ("invalid_indexes",)
    listing = "invalid_indexes"

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        rows = await session.rows(INVALID)
        report.tell("invalid_indexes", len(rows), 0)
        cells = [(f"{row['schema']}.{row['name']}", row["table_name"]) for row in rows]
        report.show(self.listing, ("index", "table"), cells)
        for row in rows:
            name = sql.Identifier(row["schema"], row["name"]).as_string()
            why = "it is kept up and never used: what was to build it did not come to its end"
            report.advise(f"DROP INDEX CONCURRENTLY {name}", 2, why)


def _unused_cells(row: dict[str, Any]) -> tuple[Any, ...]:
    index = f"{row['schemaname']}.{row['indexrelname']}"
    counts = (row["idx_scan"], row["idx_tup_read"], row["idx_tup_fetch"])
    return (index, row["relname"], *counts, row["size"])


def _foreign_cells(row: dict[str, Any]) -> tuple[Any, ...]:
    because = f"refers to {row['referenced']}"
    return (f"{row['nspname']}.{row['relname']}", ", ".join(row["columns"]), because)


def _scanned_cells(row: dict[str, Any]) -> tuple[Any, ...]:
    because = f"read whole {row['seq_scan']} times, {row['rows_each']} rows each"
    return (f"{row['schemaname']}.{row['relname']}", None, because)
