"""What people read who are paged, and who hear how it goes on."""

from opsbook.alerts.delivery.page import Pager
from opsbook.alerts.model import Alert
from opsbook.core.labels import labels_of
from opsbook.incidents.model import Incident
from opsbook.incidents.settings import IncidentSettings, LevelSettings

_NAME = "Incident"
_A_YEAR = 365 * 86_400.0
"""Until somebody says that it is over."""


class Pages:
    """All notices of one incident are of one group: a receiver that keeps its own incidents
    keeps one."""

    def __init__(self, settings: IncidentSettings, pager: Pager) -> None:
        self._contacts, self._pager = settings.contacts, pager

    async def page(
        self, incident: Incident, level: LevelSettings, tried: str, now: float
    ) -> dict[str, int]:
        """Page the contacts of a level; receiver → how many entries it has. What was written
        down in an earlier life is not told again. Raises SQLAlchemyError."""
        told: dict[str, int] = {}
        for name in level.contacts:
            receiver = self._contacts[name].receiver
            alert = _alert(incident, level.name, "", now, tried)
            key = f"{incident.id}.{incident.reopened}.{level.name}.{name}"
            told[receiver] = await self._tell(receiver, incident, alert, key)
        return told

    async def tell(self, incident: Incident, text: str, now: float) -> None:
        """Tell whoever was ever paged. Raises SQLAlchemyError."""
        level = incident.paged[-1] if incident.paged else ""
        alert = _alert(incident, level, text, now)
        for receiver in incident.told:
            key = f"{incident.id}.{incident.changes}"
            await self._tell(receiver, incident, alert, key)

    async def _tell(self, receiver: str, incident: Incident, alert: Alert, key: str) -> int:
        labels = labels_of({"alertname": _NAME, "incident": incident.id})
        return await self._pager.tell(receiver, f"incident/{incident.id}", labels, alert, key)


def _alert(incident: Incident, level: str, text: str, now: float, tried: str = "") -> Alert:
    labels = {
        "alertname": _NAME,
        "incident": incident.id,
        "severity": incident.severity,
        "level": level,
        "service": ",".join(incident.services),
    }
    said = {
        "summary": f"{incident.id} {incident.severity} {incident.state}: {incident.title}",
        "description": text or f"Acknowledge it: opsbook incident ack {incident.id}",
        "tried": tried,
    }
    ends = now + _A_YEAR if incident.live else now
    return Alert(labels_of(labels), labels_of(said), incident.opened_at, ends, now)
