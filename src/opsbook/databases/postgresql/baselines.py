"""How long operations took, from an application's own table."""

from collections.abc import Mapping
from typing import Any

from psycopg import sql

from opsbook.databases.maintain import Baseline
from opsbook.databases.model import Report
from opsbook.databases.postgresql.findings import Part, Standing
from opsbook.databases.postgresql.names import equalities, moment
from opsbook.databases.postgresql.session import Session

_ASKED = """
    SELECT count({duration}) AS count, avg({duration})::float8 AS mean,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY {duration}::float8) AS p95
    FROM {table} WHERE {conditions}
"""
_UNITS = {"s": 1.0, "ms": 1000.0}


class Baselines(Part):
    listing = "baselines"

    def __init__(self, wanted: Mapping[str, Baseline], now: float) -> None:
        self._wanted, self._now = wanted, now
        parts = ("mean_seconds", "p95_seconds", "count")
        self.figures = [f"{name}_{part}" for name in wanted for part in parts]

    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        rows = []
        for name, baseline in self._wanted.items():
            found = await self._asked(session, baseline)
            per = _UNITS[baseline.unit]
            mean, p95 = (
                None if found[part] is None else found[part] / per for part in ("mean", "p95")
            )
            report.tell(f"{name}_count", found["count"])
            if found["count"]:
                report.tell(f"{name}_mean_seconds", mean)
                report.tell(f"{name}_p95_seconds", p95)
            else:
                names = [f"{name}_mean_seconds", f"{name}_p95_seconds"]
                report.miss(names, f"no rows in {baseline.table} within the window")
            rows.append((name, found["count"], mean, p95, baseline.window))
        columns = ("baseline", "count", "mean_seconds", "p95_seconds", "window_seconds")
        report.show(self.listing, columns, rows)

    async def _asked(self, session: Session, baseline: Baseline) -> dict[str, Any]:
        since = moment(self._now - baseline.window, baseline.stored_as)
        until = moment(self._now, baseline.stored_as)
        within = sql.SQL("{time} > %s AND {time} <= %s").format(time=sql.Identifier(baseline.time))
        query = sql.SQL(_ASKED).format(
            duration=sql.Identifier(baseline.duration),
            table=sql.Identifier(*baseline.table.split(".")),
            conditions=sql.SQL(" AND ").join([within, *equalities(baseline.where)]),
        )
        return await session.row(query.as_string(), [since, until, *baseline.where.values()])
