"""Destinations that lack the newest backup, while it is too early for another one."""

from collections.abc import Sequence

from opsbook.backups.settings import SetSettings
from opsbook.backups.store import MADE, Row
from opsbook.backups.verification import Depth


def owed(
    settings: SetSettings, rows: Sequence[Row], since: float, now: float
) -> tuple[str, list[str]]:
    """The backup and where it lacks: sending it there spares the source another reading.

    Nothing where it is time for a new one, or where this one was found not to be good.
    """
    good = [row for row in rows if row.about == MADE and row.ok and row.destination in settings.to]
    if not good:
        return "", []
    newest = max(good, key=lambda row: row.at)
    if settings.schedule.due(newest.at, newest.at, since, now):
        return "", []
    mine = [row for row in rows if row.backup == newest.backup]
    if any(row.about in set(Depth) and row.ok is False for row in mine):
        return "", []
    there = {row.destination for row in mine if row.about == MADE and row.ok}
    return newest.backup, [name for name in settings.to if name not in there]
