"""What people told of incidents, out of the ledger: the words of their updates and nothing else."""

from sqlalchemy import Engine

from opsbook.core.clock import iso
from opsbook.incidents import store
from opsbook.incidents.model import Incident
from opsbook.state.database import reading
from opsbook.state.ledger import read_entries
from opsbook.web.public.model import PublicIncident, PublicUpdate
from opsbook.web.public.settings import StatusPageSettings

_MOST_UPDATES = 200
_MOST_INCIDENTS = 20


def told(engine: Engine, settings: StatusPageSettings, since: float) -> list[PublicIncident]:
    """Incidents of the page's services with their updates since then, both newest first.

    Blocks. Raises SQLAlchemyError.
    """
    found: dict[str, tuple[Incident, list[PublicUpdate]]] = {}
    for subject, updates in _updates(engine, since).items():
        incident = _root(engine, subject)
        if incident is not None and settings.shown_names(incident.services):
            found.setdefault(incident.id, (incident, []))[1].extend(updates)
    newest_first = sorted(found.values(), key=lambda each: each[0].opened_at, reverse=True)
    return [_shown(settings, *each) for each in newest_first[:_MOST_INCIDENTS]]


def _updates(engine: Engine, since: float) -> dict[str, list[PublicUpdate]]:
    """By the incident's number."""
    with reading(engine) as connection:
        entries = list(
            read_entries(connection, kind="incident.updated", since=iso(since), last=_MOST_UPDATES)
        )
    found: dict[str, list[PublicUpdate]] = {}
    for entry in entries:
        body = entry.as_dict()["body"]
        if body.get("public"):
            update = PublicUpdate(at=entry.at, text=body["text"])
            found.setdefault(entry.subject, []).append(update)
    return found


def _root(engine: Engine, number: str) -> Incident | None:
    """The incident itself, or the one of the same cause that it went into: that one goes on."""
    incident = store.load(engine, number)
    while incident is not None and incident.part_of:
        incident = store.load(engine, incident.part_of)
    return incident


def _shown(
    settings: StatusPageSettings, incident: Incident, updates: list[PublicUpdate]
) -> PublicIncident:
    began = incident.opened_at if incident.began_at is None else incident.began_at
    ended = incident.closed_at if incident.recovered_at is None else incident.recovered_at
    return PublicIncident(
        services=settings.shown_names(incident.services),
        began_at=iso(began),
        ended_at=None if ended is None else iso(ended),
        updates=sorted(updates, key=lambda each: each.at, reverse=True),
    )
