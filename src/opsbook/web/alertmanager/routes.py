"""The routes under `/api/v2`."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy.exc import SQLAlchemyError

import opsbook
from opsbook.alerts.delivery.intake import admitted
from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.model import Alert
from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.alerts.routing.route import Route
from opsbook.core.clock import Clock, iso
from opsbook.core.errors import BadInputError
from opsbook.core.labels import Labels
from opsbook.metrics.matching import matching
from opsbook.metrics.model import Matcher
from opsbook.metrics.regex import compile_regex
from opsbook.web.alertmanager.described import body_of, refusals
from opsbook.web.alertmanager.models import (
    AlertGroup,
    AlertmanagerStatus,
    ClusterStatus,
    ConfigText,
    GettableAlert,
    GettableSilence,
    PostableAlert,
    PostableSilence,
    ReceiverName,
    SilenceNumber,
    VersionInfo,
)

_LARGEST_BODY = 32 * 1024 * 1024
_IN_THREAD = 64 * 1024
"""A larger body is read in a thread: the event loop has other work."""
_AT_ONCE = 200
"""Alerts that are read or shown before others have their turn on the event loop."""
_ALERTS = TypeAdapter(list[PostableAlert])
_SILENCE = TypeAdapter(PostableSilence)

T = TypeVar("T")
Filters = Annotated[list[str], Query(alias="filter")]


def alertmanager_routes(
    alerting: Alerting, clock: Clock, config_text: Callable[[], str]
) -> APIRouter:
    """`config_text` gives the configuration in force as it may be shown."""
    api = _Api(alerting, clock, config_text)
    routes = APIRouter(prefix="/api/v2", tags=["alertmanager"])
    routes.add_api_route("/status", api.status)
    routes.add_api_route("/receivers", api.receivers)
    routes.add_api_route(
        "/alerts",
        api.alerts,
        operation_id="get_alerts",
        response_model=list[GettableAlert],
        responses=refusals(400),
    )
    routes.add_api_route(
        "/alerts",
        api.post_alerts,
        methods=["POST"],
        operation_id="post_alerts",
        response_class=Response,
        responses=refusals(400, 403, 413, 415, 500),
        openapi_extra=body_of(PostableAlert, many=True),
    )
    routes.add_api_route(
        "/alerts/groups", api.groups, response_model=list[AlertGroup], responses=refusals(400)
    )
    routes.add_api_route(
        "/silences",
        api.silences,
        operation_id="get_silences",
        response_model=list[GettableSilence],
        responses=refusals(400),
    )
    routes.add_api_route(
        "/silences",
        api.post_silence,
        methods=["POST"],
        operation_id="post_silence",
        response_model=SilenceNumber,
        responses={**refusals(400, 403, 413, 415), 404: {"model": str}},
        openapi_extra=body_of(PostableSilence),
    )
    routes.add_api_route(
        "/silence/{number}",
        api.silence,
        operation_id="get_silence",
        response_model=GettableSilence,
        responses=refusals(404, 422),
    )
    routes.add_api_route(
        "/silence/{number}",
        api.expire_silence,
        methods=["DELETE"],
        operation_id="delete_silence",
        response_class=Response,
        responses=refusals(403, 404, 422, 500),
    )
    return routes


class _Api:
    def __init__(self, alerting: Alerting, clock: Clock, config_text: Callable[[], str]) -> None:
        self._alerting, self._clock = alerting, clock
        self._config_text = config_text
        self._started = iso(clock.now())

    async def status(self) -> AlertmanagerStatus:
        """What answers here, and the configuration in force."""
        return AlertmanagerStatus(
            cluster=ClusterStatus(),
            config=ConfigText(original=self._config_text()),
            uptime=self._started,
            versionInfo=VersionInfo(version=f"0.28.0-opsbook-{opsbook.__version__}"),
        )

    async def receivers(self) -> list[ReceiverName]:
        """Everybody who can be told."""
        return [ReceiverName(name=name) for name in sorted(self._alerting.setup.receivers)]

    async def alerts(
        self,
        matchers: Filters = [],  # noqa: B006 - FastAPI reads it as a default
        active: bool = True,
        silenced: bool = True,
        inhibited: bool = True,
        unprocessed: bool = True,
        receiver: str | None = None,
    ) -> Response:
        """Alerts that have not ended."""
        try:
            choice = _Choice(matchers, active, silenced, inhibited, receiver)
        except BadInputError as error:
            return _refused(400, str(error))
        now = self._clock.now()
        found = []
        alerts = sorted(self._alerting.board.alerts.values(), key=lambda a: a.fingerprint)
        for number, alert in enumerate(alerts, 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if alert.resolved(now) or not choice.matches(alert.labels):
                continue
            shown = self._shown(alert, self._alerting.routes(alert))
            if choice.takes(shown):
                found.append(shown.model_dump_json())
        return Response(f"[{','.join(found)}]", media_type="application/json")

    async def post_alerts(self, request: Request) -> Response:
        """Take alerts; the good ones of a list that holds bad ones are taken too."""
        body = await _body(request)
        try:
            posted = await _parsed(_ALERTS.validate_json, body)
        except ValidationError as error:
            return _refused(400, _first(error))
        now, timeout = self._clock.now(), self._alerting.setup.resolve_timeout
        good: list[Alert] = []
        wrong: list[str] = []
        for number, each in enumerate(posted):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            try:
                good.append(admitted(each.report(), now, timeout))
            except BadInputError as error:
                wrong.append(str(error))
        try:
            taken = await self._alerting.put(good)
        except SQLAlchemyError as error:
            return _refused(500, f"alerts cannot be written down: {error.args[0]}")
        if taken < len(good):
            wrong.append(f"{len(good) - taken} alerts found no room: too many fire already")
        return _refused(400, "; ".join(wrong[:5])) if wrong else Response(status_code=200)

    async def groups(
        self,
        matchers: Filters = [],  # noqa: B006
        active: bool = True,
        silenced: bool = True,
        inhibited: bool = True,
        muted: bool = True,
        receiver: str | None = None,
    ) -> Response:
        """Alerts as they are told together."""
        try:
            choice = _Choice(matchers, active, silenced, inhibited, receiver)
        except BadInputError as error:
            return _refused(400, str(error))
        now = self._clock.now()
        found = []
        for group in self._alerting.groups:
            alerts = [
                shown
                for alert in group.in_order()
                if not alert.resolved(now) and choice.matches(alert.labels)
                for shown in (self._shown(alert, [group.route]),)
                if choice.takes(shown) and (muted or not shown.status.mutedBy)
            ]
            if alerts:
                name = ReceiverName(name=group.route.manner.receiver)
                found.append(AlertGroup(labels=dict(group.labels), receiver=name, alerts=alerts))
        found.sort(key=lambda each: (sorted(each.labels.items()), each.receiver.name))
        return _json(found)

    async def silences(self, matchers: Filters = []) -> Response:  # noqa: B006
        """All silences, the active ones first; those that ended lately last."""
        try:
            wanted = [each for text in matchers for each in parse_matchers(text)]
        except BadInputError as error:
            return _refused(400, str(error))
        now = self._clock.now()
        found = [each for each in self._alerting.silences if _concerns(each.matchers, wanted)]
        order = {"active": 0, "pending": 1, "expired": 2}
        found.sort(key=lambda each: (order[each.state(now)], each.ends_at))
        return _json([GettableSilence.of(each, now) for each in found])

    async def post_silence(self, request: Request) -> Response:
        """Set a silence, or change the one whose id is given."""
        body = await _body(request)
        try:
            posted = _SILENCE.validate_json(body)
            made = await self._alerting.silence(posted.silence(), posted.createdBy)
        except ValidationError as error:
            return _refused(400, _first(error))
        except BadInputError as error:
            return _refused(404 if "not found" in str(error) else 400, str(error))
        return _json(SilenceNumber(silenceID=made.id))

    async def silence(self, number: str) -> Response:
        """One silence."""
        known = self._alerting.silences.get(_number(number))
        if known is None:
            return Response(status_code=404)
        return _json(GettableSilence.of(known, self._clock.now()))

    async def expire_silence(self, number: str) -> Response:
        """End a silence now."""
        if self._alerting.silences.get(_number(number)) is None:
            return Response(status_code=404)
        try:
            await self._alerting.expire(number, "api")
        except BadInputError as error:
            return _refused(500, str(error))
        return Response(status_code=200)

    def _shown(self, alert: Alert, routes: list[Route]) -> GettableAlert:
        muted = {name for route in routes for name in self._alerting.route_muted_by(route)}
        names = list(dict.fromkeys(route.manner.receiver for route in routes))
        return GettableAlert.of(alert, names, self._alerting.muting(alert), sorted(muted))


class _Choice:
    """Which alerts are asked for. Raises BadInputError."""

    def __init__(
        self,
        filters: list[str],
        active: bool,
        silenced: bool,
        inhibited: bool,
        receiver: str | None,
    ) -> None:
        self.matches: Callable[[Labels], bool] = matching(
            [each for text in filters for each in parse_matchers(text)]
        )
        self._active, self._silenced, self._inhibited = active, silenced, inhibited
        self._receiver = compile_regex(receiver) if receiver else None

    def takes(self, alert: GettableAlert) -> bool:
        status = alert.status
        if not self._active and status.state == "active":
            return False
        if (status.silencedBy and not self._silenced) or (
            status.inhibitedBy and not self._inhibited
        ):
            return False
        receiver = self._receiver
        return receiver is None or any(receiver.fullmatch(each.name) for each in alert.receivers)


def _concerns(matchers: tuple[Matcher, ...], wanted: list[Matcher]) -> bool:
    """Whether a silence is about what is asked for: by the values that its matchers name."""
    return matching(wanted)(tuple((each.name, each.value) for each in matchers))


async def _body(request: Request) -> bytes:
    """Only JSON: a page of another origin cannot send that without being asked first."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        got = request.headers.get("content-type", "")
        said = f'unsupported media type "{got}", only [application/json] are allowed'
        raise HTTPException(415, said)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            raise HTTPException(413, f"the body is larger than {_LARGEST_BODY >> 20} MiB")
    return bytes(body)


async def _parsed(parse: Callable[[bytes], T], body: bytes) -> T:
    return await asyncio.to_thread(parse, body) if len(body) > _IN_THREAD else parse(body)


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"


def _number(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise HTTPException(422, f'silenceID in path must be of type uuid: "{text}"') from None


def _json(value: BaseModel | Sequence[BaseModel]) -> Response:
    if isinstance(value, BaseModel):
        content = value.model_dump_json()
    else:
        content = f"[{','.join(each.model_dump_json() for each in value)}]"
    return Response(content, media_type="application/json")


def _refused(status: int, text: str) -> Response:
    return JSONResponse(text, status_code=status)
