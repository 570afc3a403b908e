"""Incidents: what opens and mends them, whom they page, and the API over them."""

from collections.abc import Iterable, Mapping

from fastapi import APIRouter
from sqlalchemy import Engine

from opsbook.alerts.delivery.service import Alerting
from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.incidents.evidence import Evidence
from opsbook.incidents.service import Incidents
from opsbook.incidents.settings import IncidentSettings
from opsbook.probes.watch import Watch
from opsbook.services.service import Services
from opsbook.state.ledger import Ledger
from opsbook.web.incidents import incident_routes


def make_incidents(
    settings: IncidentSettings | None,
    depends_on: Mapping[str, Iterable[str]],
    watch: Watch,
    services: Services,
    alerting: Alerting,
    engine: Engine,
    ledger: Ledger,
    bus: Bus,
    clock: Clock,
) -> tuple[Incidents, APIRouter]:
    """The room, and its paths. Blocks."""
    declared = settings or IncidentSettings()
    evidence = Evidence(watch, services, alerting, clock, declared.mend_within)
    incidents = Incidents(declared, depends_on, evidence, alerting, engine, ledger, bus, clock)
    return incidents, incident_routes(incidents, engine, clock)
