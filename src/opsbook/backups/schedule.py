"""When something is due: by an interval or at a time of day, and again after a failure."""

from datetime import UTC, datetime, timedelta

from opsbook.alerts.templates.times import zone_of
from opsbook.backups.settings import SetSettings

_AGAIN_AFTER = 900.0
"""Seconds after a failure, or an eighth of the interval where that is more: the next try may
write whole copies to where nothing had failed."""
_DAY = 86_400.0
_LATE = 1.5
"""Intervals after which a backup that was not made is late."""


def backup_due(
    settings: SetSettings, made: float | None, tried: float | None, since: float, now: float
) -> bool:
    """Whether a backup is to be made now: the last was `made`, the last attempt `tried` then.

    One that never was is due at once with an interval, and at its next hour (after `since`)
    with a time of day.
    """
    if tried is not None and (made is None or tried > made):
        return now >= tried + _again_after(settings) and interval(settings) is not None
    if settings.every is not None:
        return made is None or now >= made + settings.every
    if settings.at is not None:
        return (made if made is not None else since) < _last_occurrence(settings, now)
    return False


def interval(settings: SetSettings) -> float | None:
    """Seconds between two backups; None where nobody makes them by itself."""
    if settings.every is not None:
        return settings.every
    return _DAY if settings.at is not None else None


def late_at(settings: SetSettings, made: float) -> float | None:
    """When the next one is late."""
    between = interval(settings)
    return None if between is None else made + between * _LATE


def _again_after(settings: SetSettings) -> float:
    between = interval(settings) or _AGAIN_AFTER
    return min(between, max(_AGAIN_AFTER, between / 8))


def _last_occurrence(settings: SetSettings, now: float) -> float:
    """The last time that the clock of the zone showed this time of day."""
    assert settings.at is not None
    zone = zone_of(settings.zone)
    day = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    for back in (0, 1):
        at = datetime.combine(day - timedelta(days=back), settings.at, zone).timestamp()
        if at <= now:
            return at
    raise AssertionError("neither today nor yesterday")
