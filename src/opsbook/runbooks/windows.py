"""When a window opens and closes, in its own time zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from opsbook.core.days import LONGEST_GAP, is_among
from opsbook.runbooks.settings import Window


def opens_in(window: Window, now: float) -> float:
    """Seconds until it is open: 0 when it is. `now` is in seconds since 1970."""
    moment = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(window.zone))
    for ahead in range(-1, LONGEST_GAP + 1):
        day = (moment + timedelta(days=ahead)).replace(hour=0, minute=0, second=0, microsecond=0)
        if not is_among(day.date(), window.days):
            continue
        start, end = _at(day, window.from_), _at(day, window.to)
        if end <= start:
            end = _at(day + timedelta(days=1), window.to)
        if moment < end:
            return max(0.0, start.timestamp() - now)
    raise AssertionError("a window opens once a month at least")


def _at(day: datetime, clock: str) -> datetime:
    hours, minutes = map(int, clock.split(":"))
    if hours == 24:
        return day + timedelta(days=1)
    return day.replace(hour=hours, minute=minutes)
