"""Tables: dead rows as the server counts them, and space that is held and not needed."""

from typing import Any

import psycopg
from psycopg import sql

from opsbook.databases.model import Report
from opsbook.databases.postgresql.findings import Part, Standing
from opsbook.databases.postgresql.session import Session

_SMALL = 1024 * 1024
"""Bytes; a table below that costs nobody anything, however little of it is used."""
_MOST = 20
"""Rows of a listing, and tables that pgstattuple reads."""

_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"

_DEAD = """
    SELECT schemaname, relname, n_live_tup, n_dead_tup,
        CASE WHEN n_live_tup + n_dead_tup > 0 THEN
            100.0::float8 * n_dead_tup / greatest(n_live_tup, 1)
        END AS percent,
        pg_table_size(relid) AS own, pg_total_relation_size(relid) AS total,
        greatest(last_vacuum, last_autovacuum) AS vacuumed
    FROM pg_stat_user_tables ORDER BY percent DESC NULLS LAST, n_dead_tup DESC
"""

_BLOAT = f"""
    SELECT c.oid, n.nspname, c.relname, pg_relation_size(c.oid) AS size,
        CASE WHEN c.reltuples >= 0 AND c.relpages > 0 AND w.known = w.wanted THEN
            100.0::float8 * (1 - least(1, ceil(c.reltuples / greatest(1, floor(
                (current_setting('block_size')::int - 24) * f.fill / 100.0
                / (4 + 24 + 8 * ceil((w.bytes + ceil(w.wanted / 8.0)) / 8.0))
            ))) / c.relpages))
        END AS percent
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT count(*) AS wanted, count(s.attname) AS known,
            coalesce(sum((1 - s.null_frac) * s.avg_width), 0)::float8 AS bytes
        FROM pg_attribute a
        LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
            AND s.attname = a.attname AND NOT s.inherited
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) w
    CROSS JOIN LATERAL (
        SELECT coalesce(max(option_value::int), 100) AS fill
        FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'
    ) f
    WHERE c.relkind IN ('r', 'm') AND {_OURS}
    ORDER BY percent DESC NULLS LAST, size DESC
"""  # noqa: S608 - put together from constants
"""The pages that the rows of the last ANALYZE would fill, against the pages that there were:
a row takes an item pointer of 4 bytes, a header of 24 with what follows it on multiples of 8
(PostgreSQL manual, "Database Page Layout"). Padding between columns is not known: it is an
estimate, and it says nothing of tables that were never analyzed or may not be read."""

_ASKED = "SELECT dead_tuple_percent + approx_free_percent AS percent FROM {}.pgstattuple_approx(%s)"


class DeadRows(Part):
    figures = ("dead_worst_percent",)
    listing = "tables"

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        if standing.standby:
            why = "a standby does not count dead rows; ask its primary"
            report.miss(self.figures, why)
            report.show(self.listing, (), (), why)
            return
        rows = await session.rows(_DEAD)
        large = [row for row in rows if row["own"] >= _SMALL]
        uncounted = [row for row in large if row["percent"] is None]
        worst = max((row["percent"] or 0.0 for row in large), default=0.0)
        if uncounted and worst <= standing.limits.dead_percent:
            name = f"{uncounted[0]['schemaname']}.{uncounted[0]['relname']}"
            report.miss(self.figures, f"nothing is counted for {name}: ANALYZE it")
        else:
            report.tell("dead_worst_percent", worst, standing.limits.dead_percent)
        columns = ("table", "live_rows", "dead_rows", "dead_percent", "size_bytes", "vacuumed_at")
        report.show("tables", columns, [_dead_cells(row) for row in rows[:_MOST]])
        for row in large:
            if (row["percent"] or 0.0) > standing.limits.dead_percent:
                name = sql.Identifier(row["schemaname"], row["relname"]).as_string()
                why = f"{row['n_dead_tup']} dead rows beside {row['n_live_tup']} live ones"
                report.advise(f"VACUUM (ANALYZE) {name}", 1, why)


class Bloat(Part):
    figures = ("bloat_worst_percent",)
    listing = "bloat"

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        found = [{**row, "by": "estimate"} for row in await session.rows(_BLOAT)]
        large = [row for row in found if row["size"] >= _SMALL]
        if (schema := standing.extensions.get("pgstattuple")) is not None:
            for row in sorted(large, key=lambda each: -each["size"])[:_MOST]:
                await _measure(session, schema, row)
        known = [row["percent"] for row in large if row["percent"] is not None]
        unseen = [row for row in large if row["percent"] is None]
        worst = max(known, default=None if unseen else 0.0)
        over = worst is not None and worst > standing.limits.bloat_percent
        if unseen and not over:
            name = f"{unseen[0]['nspname']}.{unseen[0]['relname']}"
            why = f"nothing is known of {len(unseen)} tables, such as {name}: ANALYZE them"
            report.miss(self.figures, f"{why}, as somebody who may read them")
        else:
            report.tell("bloat_worst_percent", worst, standing.limits.bloat_percent)
        found.sort(key=lambda row: (row["percent"] is None, -(row["percent"] or 0.0)))
        report.show(
            "bloat", ("table", "bloat_percent", "size_bytes", "by"), [*map(_cells, found[:_MOST])]
        )


async def _measure(session: Session, schema: str, row: dict[str, Any]) -> None:
    """What pgstattuple says; where it may not be asked, the estimate stays."""
    query = sql.SQL(_ASKED).format(sql.Identifier(schema)).as_string()
    try:
        measured = await session.row(query, (row["oid"],))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable):
        return
    row |= {"percent": measured["percent"], "by": "pgstattuple"}


def _dead_cells(row: dict[str, Any]) -> tuple[Any, ...]:
    vacuumed = row["vacuumed"].isoformat(timespec="seconds") if row["vacuumed"] else None
    percent = None if row["percent"] is None else round(row["percent"], 2)
    name = f"{row['schemaname']}.{row['relname']}"
    return (name, row["n_live_tup"], row["n_dead_tup"], percent, row["total"], vacuumed)


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    percent = None if row["percent"] is None else round(row["percent"], 1)
    return (f"{row['nspname']}.{row['relname']}", percent, row["size"], row["by"])
