"""What waits for a person, gathered from all rooms."""

from sqlalchemy import Engine

from opsbook.alerts.delivery.service import Alerting
from opsbook.core.clock import Clock
from opsbook.drills.service import Drills
from opsbook.incidents.service import Incidents
from opsbook.services.service import Services
from opsbook.web.waiting import (
    Waitings,
    alerts_waiting,
    drills_waiting,
    incidents_waiting,
    runs_waiting,
    services_waiting,
)


def make_waitings(
    services: Services,
    alerting: Alerting,
    incidents: Incidents,
    drills: Drills,
    engine: Engine,
    clock: Clock,
) -> Waitings:
    """Each room is asked when somebody wants to know."""
    return Waitings(
        services_waiting(services),
        incidents_waiting(incidents),
        alerts_waiting(alerting, incidents, clock),
        runs_waiting(engine, clock),
        drills_waiting(drills, engine, clock),
    )
