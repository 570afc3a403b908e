"""Incidents, and what people do with them. Under `/api/incidents`."""

import asyncio
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field
from sqlalchemy import Engine

from opsbook.core.clock import Clock, iso
from opsbook.core.errors import BadInputError
from opsbook.incidents import store
from opsbook.incidents.measures import measure
from opsbook.incidents.model import Incident, IncidentState, UnknownIncidentError
from opsbook.incidents.service import Incidents
from opsbook.incidents.timeline import timeline
from opsbook.web.access import Operator, acting
from opsbook.web.inputs import Asked, BookName, By, FullText, Most, Text, Word
from opsbook.web.moments import text_or_none
from opsbook.web.problems import problems

_MOST_ENTRIES = 1000


class IncidentView(BaseModel):
    """An incident as it stands."""

    id: str
    state: Literal["open", "acknowledged", "recovered", "closed"]
    severity: str
    title: str
    services: list[str]
    owner: str
    opened_by: str
    began_at: str | None = Field(description="when the trouble began; null where nobody measured")
    opened_at: str
    respond_by: str | None = Field(description="when somebody should have acknowledged it")
    acknowledged_at: str | None
    recovered_at: str | None
    closed_at: str | None
    reopened: int
    paged: list[str] = Field(description="levels, since it was opened or reopened")
    next_level: str | None = Field(description="who is paged next if nobody acknowledges it")
    next_page_at: str | None
    missing: list[str] = Field(description="what has to come for it to have recovered")
    resolution: str
    lessons: str
    part_of: str = Field(description="the incident of the same cause that it went into")


class TimelineEntry(BaseModel):
    """An entry of the ledger that has to do with an incident."""

    seq: int
    at: str
    kind: str
    subject: str
    actor: str
    body: dict[str, Any]


class IncidentStory(IncidentView):
    """An incident, and what happened around it."""

    alerts: list[str] = Field(description="fingerprints")
    timeline: list[TimelineEntry] = Field(description="the newest 1,000 entries, oldest first")


class MeasuresView(BaseModel):
    """Of incidents opened in a period; null where nothing was measured."""

    days: float
    incidents: int
    detect_seconds: float | None
    acknowledge_seconds: float | None
    recover_seconds: float | None
    between_failures_seconds: float | None
    change_success_percent: float | None


class SeverityView(BaseModel):
    """A severity that the book declares."""

    name: str
    aliases: list[str]
    description: str = Field(description="when something is that severe")
    respond_within_seconds: float


class OpenIncident(BaseModel):
    """What is wrong. With services their checks say when it has recovered."""

    title: FullText
    severity: Word = Field(description="a severity of the book, or an alias of one")
    services: list[Word] = Field([], max_length=1_000)
    description: Text = ""
    by: By = ""


class AcknowledgeIncident(BaseModel):
    """Who has it."""

    note: Text = ""
    by: By = ""


class IncidentText(BaseModel):
    """A remark."""

    text: FullText
    by: By = ""


class IncidentUpdate(IncidentText):
    """How it stands."""

    public: bool = Field(False, description="shown on the status page too, if there is one")


class CloseIncident(BaseModel):
    """What was done, and what was learned."""

    resolution: FullText
    lessons: Text = ""
    unrecovered: bool = Field(False, description="though something says that it has not recovered")
    by: By = ""


def incident_routes(incidents: Incidents, engine: Engine, clock: Clock) -> APIRouter:
    """The paths over them."""
    routes = APIRouter(prefix="/api/incidents", tags=["incidents"])

    @routes.get("")
    async def list_incidents(
        state: Annotated[list[IncidentState] | None, Query()] = None,
        severity: Asked | None = None,
        limit: Most = 100,
    ) -> list[IncidentView]:
        """Incidents, the newest first; those that are not closed where no state is given."""
        wanted = state or [each for each in IncidentState if each is not IncidentState.CLOSED]
        known = incidents.settings.severity_of(severity) if severity else None
        found = await asyncio.to_thread(
            store.load_latest, engine, limit, [each.value for each in wanted], known or severity
        )
        return [incident_view(incidents, each) for each in found]

    @routes.get("/measures")
    async def get_incident_measures(
        days: Annotated[float, Query(gt=0, le=3660, allow_inf_nan=False)] = 30.0,
    ) -> MeasuresView:
        """How fast trouble was seen, answered and mended."""
        now = clock.now()
        found = await asyncio.to_thread(measure, engine, now - days * 86_400, now)
        return MeasuresView(days=days, **asdict(found))

    @routes.get("/severities")
    async def list_severities() -> list[SeverityView]:
        """The severities that an incident can have, the worst first."""
        return [
            SeverityView(
                name=name,
                aliases=list(each.aliases),
                description=each.description,
                respond_within_seconds=each.respond_within,
            )
            for name, each in incidents.settings.severities.items()
        ]

    @routes.get("/{number}", responses=problems(404))
    async def get_incident(number: BookName) -> IncidentStory:
        """One of them with its timeline."""
        try:
            incident = await incidents.get(number)
        except UnknownIncidentError as error:
            raise HTTPException(404, str(error)) from None
        alerts = await asyncio.to_thread(store.load_alerts, engine, number)
        checks = incidents.checks(incident)
        entries = await asyncio.to_thread(timeline, engine, incident, alerts, checks, _MOST_ENTRIES)
        return IncidentStory(
            **incident_view(incidents, incident).model_dump(),
            alerts=sorted(alerts),
            timeline=[
                TimelineEntry(**{k: v for k, v in each.as_dict().items() if k != "hash"})
                for each in entries
            ],
        )

    @routes.post("", responses=problems(400))
    async def open_incident(asked: OpenIncident, person: Operator) -> IncidentView:
        """Open one."""
        by = acting(person, asked.by)
        try:
            made = await incidents.open(
                asked.title, asked.severity, by, asked.services, asked.description
            )
        except BadInputError as error:
            raise HTTPException(400, str(error)) from None
        return incident_view(incidents, made)

    @routes.post("/{number}/ack", responses=problems(404, 409))
    async def acknowledge_incident(
        number: BookName, asked: AcknowledgeIncident, person: Operator
    ) -> IncidentView:
        """Say that somebody has it: nobody else is paged, its alerts are not repeated."""
        by = acting(person, asked.by)
        return await _changed(incidents, incidents.acknowledge(number, by, asked.note))

    @routes.post("/{number}/note", responses=problems(404, 409))
    async def note_incident(
        number: BookName, asked: IncidentText, person: Operator
    ) -> IncidentView:
        """Add a remark."""
        by = acting(person, asked.by)
        return await _changed(incidents, incidents.note(number, by, asked.text))

    @routes.post("/{number}/status", responses=problems(404, 409))
    async def update_incident(
        number: BookName, asked: IncidentUpdate, person: Operator
    ) -> IncidentView:
        """Tell whoever was paged how it stands."""
        by = acting(person, asked.by)
        return await _changed(
            incidents, incidents.update(number, by, asked.text, public=asked.public)
        )

    @routes.post("/{number}/close", responses=problems(404, 409))
    async def close_incident(
        number: BookName, asked: CloseIncident, person: Operator
    ) -> IncidentView:
        """Close it, with what was done and learned."""
        closing = incidents.close(
            number,
            acting(person, asked.by),
            asked.resolution,
            asked.lessons,
            unrecovered=asked.unrecovered,
        )
        return await _changed(incidents, closing)

    return routes


async def _changed(incidents: Incidents, change: Coroutine[Any, Any, Incident]) -> IncidentView:
    try:
        return incident_view(incidents, await change)
    except UnknownIncidentError as error:
        raise HTTPException(404, str(error)) from None
    except BadInputError as error:
        raise HTTPException(409, str(error)) from None


def incident_view(incidents: Incidents, incident: Incident) -> IncidentView:
    level, at = incidents.escalation.next(incident) or (None, None)
    return IncidentView(
        id=incident.id,
        state=incident.state.value,
        severity=incident.severity,
        title=incident.title,
        services=list(incident.services),
        owner=incident.owner,
        opened_by=incident.opened_by,
        began_at=text_or_none(incident.began_at),
        opened_at=iso(incident.opened_at),
        respond_by=text_or_none(incidents.escalation.respond_by(incident)),
        acknowledged_at=text_or_none(incident.acknowledged_at),
        recovered_at=text_or_none(incident.recovered_at),
        closed_at=text_or_none(incident.closed_at),
        reopened=incident.reopened,
        paged=list(incident.paged),
        next_level=level,
        next_page_at=text_or_none(at),
        missing=incidents.missing(incident),
        resolution=incident.resolution,
        lessons=incident.lessons,
        part_of=incident.part_of,
    )
