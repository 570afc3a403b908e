"""What the document of the API tells of Prometheus' paths: what they take, and what they answer.

Source: the documentation of Prometheus' HTTP API; the statuses are those of `errors.py`.
"""

from collections.abc import Mapping
from typing import Any, Literal

from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from opsbook.web.prometheus.errors import ErrorType

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_LABELS: Schema = {"type": "object", "additionalProperties": _TEXT}
_FORM = "application/x-www-form-urlencoded"
_PROTOBUF = "application/x-protobuf"
_PROBLEM = "application/problem+json"
_PROBLEM_CONTENT: Schema = {_PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
_SAID = {
    400: "a parameter is missing or makes no sense",
    422: "the expression cannot be carried out",
    503: "it took too long, or too many are asked for at once",
}


class PrometheusError(BaseModel):
    """Why a question was not answered, as clients of Prometheus know it."""

    status: Literal["error"]
    type: ErrorType = Field(alias="errorType")
    error: str


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _of(**members: Schema) -> Schema:
    return {"type": "object", "required": list(members), "properties": members}


_ANY: Schema = {"type": "object"}
_FOUND = _of(
    resultType={"enum": ["vector", "matrix", "scalar", "string"]}, result={"type": "array"}
)
_META = _of(type=_TEXT, help=_TEXT, unit=_TEXT)

_TIME = (
    "a moment: seconds since 1970, or as RFC 3339 has it",
    ["1700000000", "2026-01-01T00:00:00Z"],
)
_SPAN = ("a length of time: seconds, or such as `5m`", ["5m", "15"])
_MATCH = ("a selector; several are possible", ["up", '{job="a"}'])
_LIMIT = ("at most so many; 0 for all", ["1"])
_ABOUT: Mapping[str, tuple[str, list[str]]] = {
    "query": ("an expression in PromQL", ["up", "vector(1) + 1", "time()"]),
    "time": _TIME,
    "start": _TIME,
    "end": _TIME,
    "step": _SPAN,
    "timeout": _SPAN,
    "lookback_delta": _SPAN,
    "limit": _LIMIT,
    "limit_per_metric": _LIMIT,
    "group_limit": _LIMIT,
    "match[]": _MATCH,
    "match_target": _MATCH,
    "stats": ("`all` for how long it took", ["all"]),
    "nocache": ("1 for an answer that is made anew", ["1"]),
    "type": ("`alert` or `record`", ["alert", "record"]),
    "exclude_alerts": ("whether rules are shown without their alerts", ["true"]),
    "state": ("`active`, `dropped` or `any`", ["active", "any"]),
}
_ALWAYS = ("timeout", "nocache", "stats")
_BETWEEN = ("start", "end", "match[]", "limit")
_TAKES: Mapping[str, tuple[str, ...]] = {
    "/query": ("query", "time", "lookback_delta", "limit"),
    "/query_range": ("query", "start", "end", "step", "lookback_delta", "limit"),
    "/query_exemplars": ("query", "start", "end"),
    "/format_query": ("query",),
    "/series": _BETWEEN,
    "/labels": _BETWEEN,
    "/label/{name}/values": _BETWEEN,
    "/metadata": ("metric", "limit", "limit_per_metric"),
    "/targets": ("state", "scrapePool"),
    "/targets/metadata": ("match_target", "metric", "limit"),
    "/rules": (
        "type",
        "exclude_alerts",
        "rule_name[]",
        "rule_group[]",
        "file[]",
        "match[]",
        "group_limit",
        "group_next_token",
    ),
    "/status/tsdb": ("limit",),
    "/federate": ("match[]",),
}
_GIVES: Mapping[str, Schema] = {
    "/query": _FOUND,
    "/query_range": _FOUND,
    "/query_exemplars": _list(_ANY),
    "/format_query": _TEXT,
    "/series": _list(_LABELS),
    "/labels": _TEXTS,
    "/label/{name}/values": _TEXTS,
    "/metadata": {"type": "object", "additionalProperties": _list(_META)},
    "/targets": _of(activeTargets=_list(_ANY), droppedTargets=_list(_ANY)),
    "/targets/metadata": _list(_META),
    "/scrape_pools": _of(scrapePools=_TEXTS),
    "/rules": _of(groups=_list(_of(name=_TEXT, file=_TEXT, rules=_list(_ANY)))),
    "/alerts": _of(alerts=_list(_of(labels=_LABELS, annotations=_LABELS, state=_TEXT))),
    "/alertmanagers": _of(activeAlertmanagers=_TEXTS, droppedAlertmanagers=_TEXTS),
    "/status/flags": _LABELS,
    "/status/config": _of(yaml=_TEXT),
}


def described(path: str, method: str) -> dict[str, Any]:
    """What a route is made with, so that the document tells it. `path` is below `/api/v1`, but
    for `/federate`."""
    if path == "/write":
        return _write()
    names = (*_TAKES.get(path, ()), *_ALWAYS)
    found: dict[str, Any] = {"parameters": [_parameter(each) for each in names]}
    if "{name}" in path:
        found["parameters"].append(
            {"name": "name", "in": "path", "required": True, "schema": _TEXT}
        )
    if method != "GET":
        fields = {each: _schema(each) for each in names}
        form = {"schema": {"type": "object", "properties": fields}}
        found["requestBody"] = {"content": {_FORM: form}}
    found["responses"] = _answers(path, method)
    if path == "/federate":
        return {"openapi_extra": found, "response_class": PlainTextResponse}
    # FastAPI puts the error into the document's schemas where a route names its model.
    status = 500 if path.startswith("/admin/") else 400
    return {"openapi_extra": found, "responses": {status: {"model": PrometheusError}}}


def _answers(path: str, method: str) -> dict[str, Any]:
    if path.startswith("/admin/"):
        found = {"500": _refusal("nothing is done here: these are not for anybody")}
    elif path == "/federate":
        text = {"text/plain": {"schema": _TEXT}}
        found = {
            str(status): {"description": said, "content": text} for status, said in _SAID.items()
        }
        found["200"] = {"description": "families in text format 0.0.4", "content": text}
    else:
        found = {str(status): _refusal(said) for status, said in _SAID.items()}
        found["200"] = _success(_GIVES.get(path, _ANY))
    return found | (_of_posting() if method != "GET" else {})


def _write() -> dict[str, Any]:
    said = {
        "200": "all samples are kept, and what else was sent is not",
        "204": "all is kept",
        "400": "malformed, or samples that can never be kept",
        "404": "nobody takes samples here",
        "413": "too large",
        "415": "another protocol",
        "503": "not now: it is to be sent again",
    }
    text = {"text/plain": {"schema": _TEXT}}
    answers: Schema = {
        status: {"description": each, **({} if status == "204" else {"content": text})}
        for status, each in said.items()
    }
    answers["413"]["content"] = text | _PROBLEM_CONTENT
    sent = {_PROTOBUF: {"schema": {"type": "string", "format": "binary"}}}
    coding = {"name": "Content-Encoding", "in": "header", "schema": {"enum": ["snappy"]}}
    return {
        "status_code": 204,
        "openapi_extra": {
            "parameters": [coding],
            "requestBody": {"required": True, "content": sent},
            "responses": answers | {"403": _of_posting()["403"]},
        },
    }


def _parameter(name: str) -> Schema:
    about = _ABOUT.get(name, ("only those of this name", []))[0]
    return {"name": name, "in": "query", "description": about, "schema": _schema(name)}


def _schema(name: str) -> Schema:
    examples = _ABOUT.get(name, ("", []))[1]
    one: Schema = {"type": "string", **({"examples": examples} if examples else {})}
    return {"type": "array", "items": one} if name.endswith("[]") else one


def _success(data: Schema) -> Schema:
    told = {"status": {"const": "success"}, "data": data, "warnings": _TEXTS, "infos": _TEXTS}
    schema = {"type": "object", "required": ["status", "data"], "properties": told}
    packed = "`Accept-Encoding`: what is large is packed with gzip for who takes it"
    return {
        "description": "what was asked for",
        "headers": {"Vary": {"description": packed, "schema": _TEXT}},
        "content": {"application/json": {"schema": schema}},
    }


def _refusal(said: str) -> Schema:
    schema = {"$ref": f"#/components/schemas/{PrometheusError.__name__}"}
    return {"description": said, "content": {"application/json": {"schema": schema}}}


def _of_posting() -> Schema:
    """What is said before any route sees it."""
    said = {"403": "a page of another site sent it", "413": "more was sent than is taken"}
    return {
        status: {"description": each, "content": _PROBLEM_CONTENT} for status, each in said.items()
    }
