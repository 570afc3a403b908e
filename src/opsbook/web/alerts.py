"""Our own API of alerts: what Alertmanager's does not have. Under `/api/alerts`."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field
from sqlalchemy import Engine

from opsbook.alerts.acknowledgements import Acknowledgement
from opsbook.alerts.delivery import posts
from opsbook.alerts.delivery.posts import Post, Status
from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.model import Alert
from opsbook.alerts.routing.matchers import format_matchers, parse_matchers
from opsbook.alerts.silences import Silence, for_ever
from opsbook.core.clock import Clock, iso
from opsbook.core.errors import BadInputError
from opsbook.web.access import Operator, acting
from opsbook.web.inputs import (
    Asked,
    BookName,
    By,
    ByQuery,
    FullText,
    Lasting,
    Most,
    SecondsQuery,
    Text,
    Word,
)
from opsbook.web.problems import problems


class Acknowledged(BaseModel):
    """Somebody has seen it and works on it."""

    by: str
    why: str
    assignee: str
    at: str
    until: str | None


class AlertView(BaseModel):
    """An alert, and what is done about it."""

    fingerprint: str
    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    ends_at: str | None = Field(description="null while it fires")
    receivers: list[str]
    silenced_by: list[str] = []
    inhibited_by: list[str] = []
    suppressed: str = Field("", description="another reason for which nobody is told")
    acknowledged: Acknowledged | None = None


class NoticeView(BaseModel):
    """A notice and how it fared."""

    key: str
    receiver: str
    entry: str
    group: str
    status: Literal["new", "sending", "sent", "failed", "unknown", "superseded"]
    told: str = Field(description="`firing` or `resolved`")
    alerts: int
    made_at: str
    attempts: int
    answer: str


class SilenceView(BaseModel):
    """A silence with who, why and until when."""

    id: str
    state: Literal["pending", "active", "expired"]
    matchers: str
    starts_at: str
    ends_at: str | None = Field(description="null where it ends when what it silences does")
    created_by: str
    comment: str
    until_resolved: bool
    interval: str


class AcknowledgeAlerts(BaseModel):
    """Whose alerts: fingerprints, or names of alerts."""

    alerts: list[Word] = Field(min_length=1, max_length=1_000)
    by: By = ""
    why: Text = ""
    assignee: Word = ""
    seconds: Lasting | None = Field(None, description="repeats are held for so long")


class NewSilence(BaseModel):
    """For some seconds, or until what it silences has ended."""

    matchers: FullText
    by: By = ""
    why: FullText
    seconds: Lasting | None = None
    until_resolved: bool = False
    interval: Word = Field("", description="name of a time interval: only within it")


def alert_routes(alerting: Alerting, engine: Engine, clock: Clock) -> APIRouter:
    """`/api/alerts`, `/api/silences` and `/api/notices`."""
    routes = APIRouter(prefix="/api", tags=["alerts"])

    @routes.get("/alerts")
    async def list_alerts() -> list[AlertView]:
        """What fires, longest first, with silences and acknowledgements."""
        now = clock.now()
        firing = [each for each in alerting.board.alerts.values() if not each.resolved(now)]
        firing.sort(key=lambda each: each.starts_at)
        return [alert_view(alerting, each) for each in firing]

    @routes.get("/alerts/history")
    async def list_past_alerts(
        start: SecondsQuery = 0.0,
        end: SecondsQuery | None = None,
        before: SecondsQuery | None = None,
        name: Asked | None = None,
        limit: Most = 100,
    ) -> list[AlertView]:
        """Alerts that fired within the time and have ended, the newest first. The next page is of
        those that had ended `before` the last one did."""
        until = clock.now() if end is None else end
        found = await alerting.history(start, until, name, limit, before)
        return [_ended(each) for each in found]

    @routes.post("/alerts/acknowledgements", responses=problems(404))
    async def acknowledge_alerts(asked: AcknowledgeAlerts, person: Operator) -> list[AlertView]:
        """Say that somebody works on alerts: they are not repeated meanwhile."""
        by = acting(person, asked.by)
        known = alerting.board.alerts.values()
        wanted = [each for each in known if {each.name, each.fingerprint} & set(asked.alerts)]
        until = clock.now() + asked.seconds if asked.seconds else None
        numbers = [each.fingerprint for each in wanted]
        assignee = asked.assignee or asked.by or person.name
        made = await alerting.acknowledge(numbers, by, asked.why, assignee, until)
        if not made:
            raise HTTPException(404, f"none of {', '.join(asked.alerts)} fires now")
        return [alert_view(alerting, alerting.board.alerts[each.fingerprint]) for each in made]

    @routes.get("/silences")
    async def list_silences() -> list[SilenceView]:
        """Silences, those that hold first."""
        now = clock.now()
        order = {"active": 0, "pending": 1, "expired": 2}
        listed = sorted(alerting.silences, key=lambda each: (order[each.state(now)], each.ends_at))
        return [silence_view(each, now) for each in listed]

    @routes.post("/silences", responses=problems(400))
    async def create_silence(asked: NewSilence, person: Operator) -> SilenceView:
        """Silence alerts."""
        if (asked.seconds is None) is not asked.until_resolved and not asked.interval:
            raise HTTPException(400, "give either seconds or until_resolved")
        now, by = clock.now(), acting(person, asked.by)
        ends = now + asked.seconds if asked.seconds else for_ever(now)
        try:
            matchers = parse_matchers(asked.matchers)
            wanted = Silence(
                matchers,
                now,
                ends,
                by,
                asked.why,
                until_resolved=asked.until_resolved,
                interval=asked.interval,
            )
            made = await alerting.silence(wanted, by)
        except BadInputError as error:
            raise HTTPException(400, str(error)) from None
        return silence_view(made, clock.now())

    @routes.delete("/silences/{number}", responses=problems(404))
    async def end_silence(number: BookName, person: Operator, by: ByQuery = "") -> SilenceView:
        """End a silence now."""
        try:
            await alerting.expire(number, acting(person, by))
        except BadInputError as error:
            raise HTTPException(404, str(error)) from None
        known = alerting.silences.get(number)
        assert known is not None
        return silence_view(known, clock.now())

    @routes.get("/notices")
    async def list_notices(
        status: Annotated[list[Status] | None, Query()] = None, limit: Most = 100
    ) -> list[NoticeView]:
        """Notices, the newest first: who was told what, and what came of it."""
        found = await asyncio.to_thread(posts.load_latest, engine, limit, *(status or ()))
        return [_notice(each) for each in found]

    return routes


def alert_view(alerting: Alerting, alert: Alert) -> AlertView:
    muting = alerting.muting(alert)
    names = [route.manner.receiver for route in alerting.routes(alert)]
    return AlertView(
        fingerprint=alert.fingerprint,
        name=alert.name,
        labels=dict(alert.labels),
        annotations=dict(alert.annotations),
        starts_at=iso(alert.starts_at),
        ends_at=None,
        receivers=list(dict.fromkeys(names)),
        silenced_by=list(muting.silenced_by),
        inhibited_by=list(muting.inhibited_by),
        suppressed=muting.suppressed,
        acknowledged=_acknowledged(alerting.acknowledgements.get(alert.fingerprint)),
    )


def _ended(alert: Alert) -> AlertView:
    return AlertView(
        fingerprint=alert.fingerprint,
        name=alert.name,
        labels=dict(alert.labels),
        annotations=dict(alert.annotations),
        starts_at=iso(alert.starts_at),
        ends_at=iso(alert.ends_at),
        receivers=[],
    )


def _acknowledged(known: Acknowledgement | None) -> Acknowledged | None:
    if known is None:
        return None
    until = None if known.until is None else iso(known.until)
    return Acknowledged(
        by=known.by, why=known.why, assignee=known.assignee, at=iso(known.at), until=until
    )


def silence_view(silence: Silence, now: float) -> SilenceView:
    state = silence.state(now)
    endless = silence.until_resolved and state != "expired"
    return SilenceView(
        id=silence.id,
        state=state,
        matchers=format_matchers(silence.matchers),
        starts_at=iso(silence.starts_at),
        ends_at=None if endless else iso(silence.ends_at),
        created_by=silence.created_by,
        comment=silence.comment,
        until_resolved=silence.until_resolved,
        interval=silence.interval,
    )


def _notice(post: Post) -> NoticeView:
    return NoticeView(
        key=post.key,
        receiver=post.notice.receiver,
        entry=post.entry,
        group=post.notice.group_key,
        status=post.status.value,
        told=post.notice.status,
        alerts=len(post.notice.alerts),
        made_at=iso(post.made_at),
        attempts=post.attempts,
        answer=post.answer,
    )
