"""The metric of incidents."""

from collections.abc import Callable

from opsbook.incidents.model import IncidentState
from opsbook.incidents.service import Incidents
from opsbook.web.family import add_family


def incident_family(incidents: Incidents) -> Callable[[list[str]], None]:
    """What appends it. Each severity is shown from the start: a first one is an increase."""

    def add(lines: list[str]) -> None:
        counts = incidents.counts
        severities = [*incidents.settings.severities, *(severity for _, severity in counts)]
        add_family(
            lines,
            "opsbook_incidents",
            "Incidents by state; those that were closed are counted for ever.",
            (
                ({"state": state.value, "severity": severity}, counts[state.value, severity])
                for severity in dict.fromkeys(severities)
                for state in IncidentState
            ),
        )

    return add
