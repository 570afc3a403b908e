"""VACUUM and ANALYZE, table by table: each has its own result."""

from typing import Any

from psycopg import sql

from opsbook.databases.maintain import Analyze, Vacuum
from opsbook.databases.model import Task, Value
from opsbook.databases.postgresql.names import Relation, relations
from opsbook.databases.postgresql.planner import Planner
from opsbook.databases.postgresql.session import Session

_COUNTED = """
    SELECT n_live_tup AS live_rows, n_dead_tup AS dead_rows, pg_total_relation_size(%(oid)s) AS size
    FROM pg_stat_all_tables WHERE relid = %(oid)s
"""
_LOCK = "a lock that lets others read and write"


async def plan_vacuum(planner: Planner, step: Vacuum) -> list[Task]:
    """A task for each table; those with few dead rows are left out."""
    options = sql.SQL("(ANALYZE) " if step.analyze else "")
    tasks = []
    for table in await relations(planner.session, step.tables):
        counted = await _counted(planner.session, table)
        if _is_clean(counted, step):
            continue
        statement = sql.SQL("VACUUM {}{}").format(options, table.identifier)
        tasks.append(_task(planner, f"vacuum {table}", statement, table, counted))
    return tasks


async def plan_analyze(planner: Planner, step: Analyze) -> list[Task]:
    """A task for each table."""
    tasks = []
    for table in await relations(planner.session, step.tables):
        statement = sql.SQL("ANALYZE {}").format(table.identifier)
        counted = await _counted(planner.session, table)
        tasks.append(_task(planner, f"analyze {table}", statement, table, counted))
    return tasks


def _task(
    planner: Planner,
    name: str,
    statement: sql.Composable,
    table: Relation,
    counted: dict[str, Value],
) -> Task:
    async def measure(session: Session) -> dict[str, Value]:
        return await _counted(session, table)

    preview = f"{counted['dead_rows']} dead rows" if counted else ""
    return planner.statement(name, 1, statement, measure, preview=preview, needs=_LOCK)


def _is_clean(counted: dict[str, Value], step: Vacuum) -> bool:
    if step.dead_over is None or not counted:
        return False
    dead, live = float(counted["dead_rows"]), float(counted["live_rows"])
    return dead * 100 <= step.dead_over * live


async def _counted(session: Session, table: Relation) -> dict[str, Value]:
    """Empty where the server has counted nothing."""
    rows: list[dict[str, Any]] = await session.rows(_COUNTED, {"oid": table.oid})
    if not rows:
        return {}
    row = rows[0]
    return {
        "live_rows": row["live_rows"],
        "dead_rows": row["dead_rows"],
        "size_bytes": row["size"],
    }
