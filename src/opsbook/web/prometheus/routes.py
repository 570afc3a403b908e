"""The paths of the API, and the way from a request to its answer."""

import math
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.routing import APIRoute

from opsbook.core.errors import OpsbookError
from opsbook.metrics.store import Store
from opsbook.web.prometheus.answers import Answer, Body, answer, body_of, failure, success
from opsbook.web.prometheus.described import described
from opsbook.web.prometheus.errors import ApiError, api_error
from opsbook.web.prometheus.federation import CONTENT_TYPE, federated
from opsbook.web.prometheus.memory import Memory
from opsbook.web.prometheus.parameters import Parameters, parameters
from opsbook.web.prometheus.queries import Queries
from opsbook.web.prometheus.responses import VARY, response, takes_gzip
from opsbook.web.prometheus.rules import active_alerts, rule_groups
from opsbook.web.prometheus.runner import Runner, Stopped
from opsbook.web.prometheus.series import label_names, label_values, matching_series
from opsbook.web.prometheus.sources import Sources
from opsbook.web.prometheus.status import build_info, flags, holdings, runtime_info
from opsbook.web.prometheus.targets import (
    metric_metadata,
    scrape_pools,
    scrape_targets,
    target_metadata,
)
from opsbook.web.prometheus.writing import remote_write

_JSON = "application/json"
_Path = Mapping[str, str]
_Answering = Callable[[Parameters, _Path, Stopped], Answer]
_Route = Callable[[Request], Coroutine[Any, Any, Response]]
_Described = tuple[str, tuple[str, ...], _Answering, str]
_NO_ALERTMANAGERS: dict[str, list[str]] = {"activeAlertmanagers": [], "droppedAlertmanagers": []}
_REPLAYED = {"min": 0, "max": 0, "current": 0}

_GET, _FORM, _CHANGE = ("GET",), ("GET", "POST"), ("POST", "PUT")
"""By POST comes what may be too long for a URL."""


def prometheus_routes(store: Store, sources: Sources) -> APIRouter:
    """Everything under `/api/v1`, and `/federate`."""
    routes = _Routes(store, sources)
    router = APIRouter(tags=["prometheus"], route_class=_Bare)
    for path, methods, route, text in routes.all():
        for method in methods:
            router.add_api_route(
                path,
                route,
                methods=[method],
                description=text,
                operation_id=f"{method.lower()}{path.replace('/', '_')}",
                **described(path.removeprefix("/api/v1"), method),
            )
    return router


class _Bare(APIRoute):
    """What FastAPI would look for in a request and its answer is not there, and looking takes
    as long as a small query."""

    def get_route_handler(self) -> _Route:
        endpoint: _Route = self.endpoint
        return endpoint


class _Routes:
    def __init__(self, store: Store, sources: Sources) -> None:
        self._store, self._sources = store, sources
        self._runner, self._memory = Runner(), Memory()
        self._queries = Queries(store, sources.limits)

    def all(self) -> Iterable[tuple[str, tuple[str, ...], _Route, str]]:
        for path, methods, answering, text in (*self._about_samples(), *self._about_the_rest()):
            yield f"/api/v1{path}", methods, self._route(answering), text
        yield "/api/v1/write", ("POST",), self._write, "Take samples by remote write."
        yield "/federate", _GET, self._federate, "The newest samples, for Prometheus to scrape."

    def _about_samples(self) -> Iterable[_Described]:
        queries, store = self._queries, self._store
        return (
            ("/query", _FORM, _given(queries.instant), "Evaluate an expression at one time."),
            (
                "/query_range",
                _FORM,
                _given(queries.range),
                "Evaluate an expression at the steps of a range.",
            ),
            ("/query_exemplars", _FORM, _given(queries.exemplars), "Empty: none are kept."),
            ("/format_query", _FORM, _given(queries.formatted), "An expression, nicely written."),
            (
                "/series",
                _FORM,
                lambda given, path, stopped: matching_series(store, given),
                "The series that match.",
            ),
            (
                "/labels",
                _FORM,
                lambda given, path, stopped: label_names(store, given),
                "The names of labels.",
            ),
            (
                "/label/{name}/values",
                _GET,
                lambda given, path, stopped: label_values(store, path["name"], given),
                "The values of one label.",
            ),
        )

    def _about_the_rest(self) -> Iterable[_Described]:
        sources, store, at_once = self._sources, self._store, self._runner.at_once
        return (
            (
                "/metadata",
                _GET,
                _told(lambda given: metric_metadata(sources, given)),
                "What metrics are: type, help and unit.",
            ),
            (
                "/targets",
                _GET,
                _told(lambda given: scrape_targets(sources, given)),
                "What is scraped.",
            ),
            (
                "/targets/metadata",
                _GET,
                _told(lambda given: target_metadata(sources, given)),
                "What the metrics of targets are.",
            ),
            (
                "/scrape_pools",
                _GET,
                _told(lambda given: scrape_pools(sources)),
                "The names of the jobs that scrape.",
            ),
            (
                "/rules",
                _GET,
                _told(lambda given: rule_groups(sources.rules.status(), given)),
                "Rules, by group.",
            ),
            (
                "/alerts",
                _GET,
                _told(lambda given: active_alerts(sources.rules.status())),
                "What is pending or firing.",
            ),
            (
                "/alertmanagers",
                _GET,
                _told(lambda given: _NO_ALERTMANAGERS),
                "None: Opsbook tells of alerts itself.",
            ),
            ("/status/buildinfo", _GET, _told(lambda given: build_info()), "What answers here."),
            ("/status/runtimeinfo", _GET, _told(lambda given: runtime_info(store)), "How it runs."),
            (
                "/status/flags",
                _GET,
                _told(lambda given: flags(sources.limits, at_once)),
                "The limits of queries.",
            ),
            (
                "/status/config",
                _GET,
                _told(lambda given: {"yaml": sources.configuration()}),
                "What is scraped, as Prometheus' configuration.",
            ),
            (
                "/status/tsdb",
                _GET,
                _told(lambda given: holdings(store, given)),
                "What most series are made of.",
            ),
            (
                "/status/walreplay",
                _GET,
                _told(lambda given: _REPLAYED),
                "Nothing is asked before the log was read.",
            ),
            ("/admin/tsdb/delete_series", _CHANGE, _disabled, "Refused."),
            ("/admin/tsdb/clean_tombstones", _CHANGE, _disabled, "Refused."),
            ("/admin/tsdb/snapshot", _CHANGE, _disabled, "Refused."),
        )

    def _route(self, answering: _Answering) -> _Route:
        async def route(request: Request) -> Response:
            try:
                given = await parameters(request)
                question = given.question and (answering, given.question)
                known = self._memory.find(question, wait=False) if question else None
                if known is not None and not takes_gzip(request):
                    return Response(b"".join(success(known)), media_type=_JSON, headers=VARY)
                body = await self._run(
                    request,
                    given,
                    lambda stopped: success(
                        self._remembered(
                            question, lambda: answering(given, request.path_params, stopped)
                        )
                    ),
                )
            except OpsbookError as error:
                refused = api_error(error)
                return Response(failure(refused), refused.status, media_type=_JSON)
            return response(body, _JSON, self._runner)

        return route

    def _remembered(self, question: Hashable, find: Callable[[], Answer]) -> Answer:
        if not question:
            return find()
        return self._memory.find(question) or self._memory.keep(question, find())

    async def _federate(self, request: Request) -> Response:
        store, sources = self._store, self._sources
        try:
            given = await parameters(request)
            body = await self._run(
                request,
                given,
                lambda stopped: federated(store, sources.limits, sources.external_labels, given),
            )
        except OpsbookError as error:
            refused = api_error(error)
            return PlainTextResponse(f"{refused}\n", refused.status)
        return response(body, CONTENT_TYPE, self._runner)

    async def _write(self, request: Request) -> Response:
        return await remote_write(self._sources.receiver, self._runner, request)

    async def _run(
        self, request: Request, given: Parameters, work: Callable[[Stopped], Iterable[bytes]]
    ) -> Body:
        """The first piece is made where the answer is found: mostly that is all there is."""
        packing, most = takes_gzip(request), self._sources.limits.seconds
        return await self._runner.run(
            request, min(_patience(given), most), lambda stopped: body_of(work(stopped), packing)
        )


def _patience(given: Parameters) -> float:
    """A `timeout` that makes no sense is told in its turn, with what else may be wrong."""
    try:
        return given.seconds_or("timeout", math.inf)
    except ApiError:
        return math.inf


def _given(answering: Callable[[Parameters, Stopped], Answer]) -> _Answering:
    return lambda given, path, stopped: answering(given, stopped)


def _told(find: Callable[[Parameters], Any]) -> _Answering:
    return lambda given, path, stopped: answer(find(given))


def _disabled(given: Parameters, path: _Path, stopped: Stopped) -> Answer:
    raise ApiError("unavailable", "admin APIs disabled", 500)
