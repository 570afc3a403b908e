"""The database as a whole: its size, who is connected, what waits for a restart."""

from opsbook.databases.model import Report
from opsbook.databases.postgresql.findings import Part, Standing
from opsbook.databases.postgresql.session import Session

_CONNECTIONS = """
    SELECT coalesce(state, 'unknown') AS state, count(*) AS connections
    FROM pg_stat_activity
    WHERE usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
    GROUP BY 1 ORDER BY 2 DESC
"""
"""Without `pg_read_all_stats` the backend_type and state of other users' sessions are NULL."""

_ROOM = """
    SELECT current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int AS room
"""
_PENDING = "SELECT name, setting, context FROM pg_settings WHERE pending_restart ORDER BY name"


class Size(Part):
    figures = ("size_bytes",)

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        row = await session.row("SELECT pg_database_size(current_database()) AS size")
        report.tell("size_bytes", row["size"], standing.limits.size)


class Connections(Part):
    figures = ("connections", "connections_percent")
    listing = "connections"

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        states = await session.rows(_CONNECTIONS)
        used = sum(row["connections"] for row in states)
        report.tell("connections", used)
        room = (await session.row(_ROOM))["room"]
        percent = 100.0 * used / room if room > 0 else None
        report.tell("connections_percent", percent, standing.limits.connections_percent)
        rows = [(row["state"], row["connections"]) for row in states]
        report.show("connections", ("state", "connections"), rows)


class PendingRestart(Part):
    figures = ("pending_restart_settings",)
    listing = "pending_restart"

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        rows = [(row["name"], row["setting"]) for row in await session.rows(_PENDING)]
        report.tell("pending_restart_settings", len(rows), 0)
        report.show("pending_restart", ("setting", "in force"), rows)
