"""Responses, wired: what they answer, what they run, and whom they keep from being told."""

from sqlalchemy import Engine

from opsbook.alerts.delivery.service import Alerting
from opsbook.app.book import Book
from opsbook.app.runs import DurableRuns
from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.incidents.service import Incidents
from opsbook.response.service import Responses
from opsbook.runbooks.service import Runbooks
from opsbook.services.service import Services
from opsbook.state.ledger import Ledger


def make_responses(
    book: Book,
    incidents: Incidents,
    alerting: Alerting,
    runbooks: Runbooks | None,
    runs: DurableRuns | None,
    services: Services,
    engine: Engine,
    ledger: Ledger,
    bus: Bus,
    clock: Clock,
) -> Responses | None:
    """None where the book has none: then people are told of everything at once. Blocks."""
    if runbooks is None or runs is None or not book.responses:
        return None
    service_of = {name: check.service or "" for name, check in book.checks.items()}
    return Responses(
        book.responses,
        service_of,
        incidents,
        alerting,
        runbooks,
        runs.opened,
        services,
        engine,
        ledger,
        bus,
        clock,
    )
