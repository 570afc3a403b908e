"""Who is to be paged now, given when an incident was opened and whom it was told to."""

from collections.abc import Iterator, Sequence

from opsbook.incidents.model import Incident, IncidentState
from opsbook.incidents.settings import IncidentSettings, LevelSettings


class Escalation:
    """The levels of a book. Nothing is remembered here: times follow from the incident."""

    def __init__(self, settings: IncidentSettings) -> None:
        self._severities, self._levels = settings.severities, settings.escalation

    def due(self, incident: Incident, now: float) -> list[LevelSettings]:
        """Levels whose time has come, and who may be paged at this hour."""
        if incident.state is not IncidentState.OPEN:
            return []
        return [
            level
            for level, at in self._times(incident)
            if at <= now
            and level.name not in incident.paged
            and (level.hours is None or level.hours.contain(now))
        ]

    def next(self, incident: Incident) -> tuple[str, float] | None:
        """The level that is next, and when its time comes; None if nobody is left."""
        if incident.state is not IncidentState.OPEN:
            return None
        left = ((each, at) for each, at in self._times(incident) if each.name not in incident.paged)
        return next(((level.name, at) for level, at in left), None)

    def respond_by(self, incident: Incident) -> float | None:
        """By when somebody should have acknowledged it, in seconds since 1970."""
        severity = self._severities.get(incident.severity)
        return incident.since + severity.respond_within if severity else None

    def _times(self, incident: Incident) -> Iterator[tuple[LevelSettings, float]]:
        severity = self._severities.get(incident.severity)
        offset = _offset(self._levels, severity.escalate_after if severity else 0.0)
        for number, level in enumerate(self._levels):
            yield level, incident.since + level.after + (offset if number else 0.0)


def _offset(levels: Sequence[LevelSettings], escalate_after: float) -> float:
    """By how much all levels beyond the first are later than they say."""
    return max(escalate_after - levels[1].after, 0.0) if len(levels) > 1 else 0.0
