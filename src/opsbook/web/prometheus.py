"""Prometheus' HTTP API over the store: its paths, its JSON, its error types.

Source: the HTTP API page of Prometheus' documentation, version 3.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

import opsbook
from opsbook.core.errors import BadInputError
from opsbook.core.units import parse_duration
from opsbook.metrics.model import Matcher
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.nodes import Selector
from opsbook.metrics.promql.parse import parse
from opsbook.metrics.promql.result import Result, Series
from opsbook.metrics.store import Store, TooManySamplesError

_STATUS = {"bad_data": 400, "execution": 422, "timeout": 503, "canceled": 503}
_LARGEST_BODY = 1024 * 1024
_BOTH = ("/query", "/query_range", "/series", "/labels")
"""Asked by POST where the expression is too long for a URL."""
_Parameters = list[tuple[str, str]]


def prometheus_routes(store: Store) -> APIRouter:
    """The routes under `/api/v1`, GET and POST."""
    api = _PrometheusApi(store)
    routes = APIRouter(prefix="/api/v1", tags=["prometheus"])
    for path, answer, text in (
        ("/query", api.query, "Evaluate an expression at one time."),
        ("/query_range", api.query_range, "Evaluate an expression at the steps of a range."),
        ("/series", api.series, "The series that match."),
        ("/labels", api.labels, "The names of labels."),
        ("/label/{name}/values", api.label_values, "The values of one label."),
        ("/status/buildinfo", api.build_info, "What answers here."),
    ):
        for method in ("GET", "POST") if path in _BOTH else ("GET",):
            routes.add_api_route(
                path,
                _answering(answer),
                methods=[method],
                description=text,
                operation_id=f"{method.lower()}_{answer.__name__}",
            )
    return routes


class _PrometheusApi:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._engine = Engine(store)

    def query(self, given: _Parameters, path: Mapping[str, str]) -> tuple[Any, Result | None]:
        at = _moment(given, "time", time.time())
        result = self._engine.instant(_one(given, "query"), at)
        return _data(result, at), result

    def query_range(self, given: _Parameters, path: Mapping[str, str]) -> tuple[Any, Result | None]:
        start, end = _moment(given, "start"), _moment(given, "end")
        result = self._engine.range(_one(given, "query"), start, end, _step(given))
        return _data(result, end), result

    def series(self, given: _Parameters, path: Mapping[str, str]) -> tuple[Any, Result | None]:
        found = {
            labels
            for matchers in _selectors(given, needed=True)
            for labels in self._store.matching(matchers, *_span(given))
        }
        return [dict(labels) for labels in sorted(found)], None

    def labels(self, given: _Parameters, path: Mapping[str, str]) -> tuple[Any, Result | None]:
        found = (self._store.label_names(matchers, *_span(given)) for matchers in _selectors(given))
        return sorted({name for names in found for name in names}), None

    def label_values(
        self, given: _Parameters, path: Mapping[str, str]
    ) -> tuple[Any, Result | None]:
        found = (
            self._store.label_values(path["name"], matchers, *_span(given))
            for matchers in _selectors(given)
        )
        return sorted({value for values in found for value in values}), None

    def build_info(self, given: _Parameters, path: Mapping[str, str]) -> tuple[Any, Result | None]:
        # Clients read this to know what they may ask; the language is that of Prometheus 3.
        return {"version": "3.0.0", "application": f"opsbook {opsbook.__version__}"}, None


_Answer = Callable[[_Parameters, Mapping[str, str]], tuple[Any, Result | None]]


def _answering(answer: _Answer) -> Callable[[Request], Any]:
    """A route around `answer`, which runs in a thread: a query must not hold up the watch."""

    async def route(request: Request) -> JSONResponse:
        try:
            given = await _parameters(request)
            data, result = await asyncio.to_thread(answer, given, request.path_params)
        except QueryError as error:
            return _failed(error.type, str(error))
        except TooManySamplesError as error:
            return _failed("execution", str(error))
        except BadInputError as error:
            return _failed("bad_data", str(error))
        body: dict[str, Any] = {"status": "success", "data": data}
        if result is not None and result.warnings:
            body["warnings"] = result.warnings
        if result is not None and result.infos:
            body["infos"] = result.infos
        return JSONResponse(body)

    return route


def _failed(kind: str, text: str) -> JSONResponse:
    body = {"status": "error", "errorType": kind, "error": text}
    return JSONResponse(body, status_code=_STATUS.get(kind, 500))


async def _parameters(request: Request) -> _Parameters:
    """Of the URL and of a form in the body, which may be large but not without end."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            raise QueryError("bad_data", "the body is larger than 1 MiB")
    form = parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    return [*request.query_params.multi_items(), *form]


def _one(given: _Parameters, name: str) -> str:
    found = next((value for key, value in given if key == name), "")
    if not found:
        raise QueryError("bad_data", f'invalid parameter "{name}": it is missing')
    return found


def _moment(given: _Parameters, name: str, default: float | None = None) -> int:
    """A time in ms since 1970: seconds, or RFC 3339."""
    text = next((value for key, value in given if key == name), "")
    if not text and default is not None:
        return round(default * 1000)
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = datetime.fromisoformat(text).timestamp()
        except ValueError:
            seconds = math.nan
    if not math.isfinite(seconds):
        said = f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp'
        raise QueryError("bad_data", said)
    return round(seconds * 1000)


def _step(given: _Parameters) -> int:
    text = _one(given, "step")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parse_duration(text)
        except ValueError:
            seconds = math.nan
    if not math.isfinite(seconds):
        said = f'invalid parameter "step": cannot parse "{text}" to a valid duration'
        raise QueryError("bad_data", said)
    return round(seconds * 1000)


def _span(given: _Parameters) -> tuple[int, int]:
    return _moment(given, "start", 0.0), _moment(given, "end", time.time())


def _selectors(given: _Parameters, needed: bool = False) -> list[tuple[Matcher, ...]]:
    texts = [value for key, value in given if key == "match[]"]
    if needed and not texts:
        raise QueryError("bad_data", "no match[] parameter provided")
    return [_matchers(text) for text in texts] or [()]


def _matchers(text: str) -> tuple[Matcher, ...]:
    node = parse(text)
    if not isinstance(node, Selector):
        raise QueryError("bad_data", f'invalid parameter "match[]": {text} is no selector')
    return node.matchers


def _data(result: Result, at: int) -> dict[str, Any]:
    if result.type == "string":
        return {"resultType": "string", "result": [at / 1000, result.text]}
    if result.type == "scalar":
        return {"resultType": "scalar", "result": _points(result.series[0])[0]}
    if result.type == "vector":
        found = [{"metric": dict(s.labels), "value": _points(s)[0]} for s in result.series]
        return {"resultType": "vector", "result": found}
    matrix = [{"metric": dict(s.labels), "values": _points(s)} for s in result.series]
    return {"resultType": "matrix", "result": matrix}


def _points(series: Series) -> list[list[Any]]:
    times = (series.times / 1000).tolist()
    return [[at, _number(value)] for at, value in zip(times, series.values.tolist(), strict=True)]


def _number(value: float) -> str:
    """As Go writes it with `'f', -1`: the shortest digits, never an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return np.format_float_positional(value, trim="-")
