"""What a SQLite file tells of itself."""

import math
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from opsbook.databases.limits import Limits
from opsbook.databases.maintain import Baseline
from opsbook.databases.model import Cell, Report
from opsbook.databases.sqlite_file.session import Session, quoted
from opsbook.databases.sqlite_file.times import moment, parameter, readable

_MOST = 100
_TABLES = """
    SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    ORDER BY name
"""
_UNITS = {"s": 1.0, "ms": 1000.0}


def look(session: Session, limits: Limits, baselines: Mapping[str, Baseline], now: float) -> Report:
    """Raises sqlite3.Error where the file is none of SQLite's."""
    report = Report()
    report.tell("size_bytes", session.path.stat().st_size, limits.size)
    log = Path(f"{session.path}-wal")
    report.tell("wal_bytes", log.stat().st_size if log.exists() else 0)
    (pages,), (free,) = (session.row(f"PRAGMA {each}_count") for each in ("page", "freelist"))
    report.tell("free_percent", 100.0 * free / pages if pages else 0.0, limits.free_percent)
    _count(session, report)
    for name, baseline in baselines.items():
        _baseline(session, report, name, baseline, now)
    return report


def sizes(session: Session) -> dict[str, int | float | str]:
    (pages,), (free,), (size,) = (
        session.row(f"PRAGMA {each}") for each in ("page_count", "freelist_count", "page_size")
    )
    return {"size_bytes": pages * size, "free_bytes": free * size}


def _count(session: Session, report: Report) -> None:
    rows: list[tuple[Cell, ...]] = []
    why = ""
    for (table,) in session.rows(_TABLES)[:_MOST]:
        try:
            (count,) = session.row(f"SELECT count(*) FROM {quoted(table)}")  # noqa: S608 - quoted
        except sqlite3.OperationalError as error:
            count, why = None, f"{table}: {error}"
        rows.append((table, count))
    counts = [count for _, count in rows if isinstance(count, int)]
    if why:
        report.miss(("rows",), why)
    else:
        report.tell("rows", sum(counts))
    report.show("tables", ("table", "rows"), rows, why)


def _baseline(session: Session, report: Report, name: str, baseline: Baseline, now: float) -> None:
    names = (f"{name}_mean_seconds", f"{name}_p95_seconds")
    duration, when = quoted(baseline.duration), readable(baseline.time, baseline.stored_as)
    at = parameter(baseline.stored_as)
    conditions = [f"{when} > {at}", f"{when} <= {at}", f"typeof({duration}) <> 'text'"]
    conditions += [f"{duration} IS NOT NULL", *(f"{quoted(each)} = ?" for each in baseline.where)]
    among = f"FROM {quoted(baseline.table)} WHERE {' AND '.join(conditions)}"
    since = moment(now - baseline.window, baseline.stored_as)
    values = [since, moment(now, baseline.stored_as), *baseline.where.values()]
    try:
        count, mean = session.row(f"SELECT count(*), avg({duration}) {among}", values)
        report.tell(f"{name}_count", count)
        if not count:
            return report.miss(names, f"no rows in {baseline.table} within the window")
        place = 0.95 * (count - 1)
        found = session.rows(
            f"SELECT {duration} {among} ORDER BY 1 LIMIT 2 OFFSET ?",
            [*values, math.floor(place)],
        )
    except sqlite3.OperationalError as error:
        return report.miss((*names, f"{name}_count"), str(error))
    low, high = found[0][0], found[-1][0]
    per = _UNITS[baseline.unit]
    report.tell(names[0], mean / per)
    report.tell(names[1], (low + (high - low) * (place - math.floor(place))) / per)
    return None
