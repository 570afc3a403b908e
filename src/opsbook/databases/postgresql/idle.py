"""Connections that have done nothing for a long time, closed one by one."""

from opsbook.databases.maintain import CloseIdle
from opsbook.databases.model import Change, Task
from opsbook.databases.postgresql.planner import Planner
from opsbook.databases.postgresql.session import Session

_CLAUSE = """
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle'
        AND backend_type = 'client backend'
        AND state_change < clock_timestamp() - make_interval(secs => %(longer_than)s)
        AND (%(user)s::text IS NULL OR usename = %(user)s)
"""
_LISTED = f"SELECT pid, usename, application_name {_CLAUSE} ORDER BY state_change LIMIT 100"
_CLOSED = f"SELECT pg_terminate_backend(pid) AS closed {_CLAUSE} AND pid = ANY (%(pids)s)"


async def plan_close_idle(planner: Planner, step: CloseIdle) -> list[Task]:
    """Only those that are listed now are closed, and only if they are still idle then."""
    chosen = {"longer_than": step.longer_than, "user": step.user}
    listed = await planner.session.rows(_LISTED, chosen)
    if not listed:
        return []
    pids = [row["pid"] for row in listed]
    shown = ", ".join(
        f"{row['pid']} ({row['usename']} {row['application_name']})".replace(" )", ")")
        for row in listed
    )

    async def work(session: Session) -> Change:
        closed = await session.rows(_CLOSED, {**chosen, "pids": pids})
        done = sum(row["closed"] for row in closed)
        return Change({"idle": len(pids)}, {"idle": len(pids) - done}, f"{done} closed")

    statements = [f"SELECT pg_terminate_backend({pid})" for pid in pids]
    return [planner.task("close idle connections", 2, statements, work, preview=shown)]
