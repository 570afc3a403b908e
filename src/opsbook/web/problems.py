"""Every error of our own API as problem details, told in words for people.

Prometheus' API and Alertmanager's keep the errors that their clients know.
Source: RFC 9457.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from opsbook.core.secrets import mask
from opsbook.durable.port import DurableError

MEDIA_TYPE = "application/problem+json"
_OTHERS = ("/api/v1/", "/api/v2/")
_OURS = "/api/"
_MOST_PROBLEMS = 20
_LONGEST_VALUE = 100
Handler = Any
_SAID = {
    400: "what is asked for cannot be done as it is asked",
    401: "nobody showed who they are",
    403: "who asks may not",
    404: "there is no such thing",
    405: "there is no such method here",
    409: "it cannot be done as things stand",
    413: "more was sent than is taken",
    429: "too many tries; wait",
    422: "what was sent is not as it has to be",
    502: "what it is about refused, or does not answer",
    503: "it cannot be done at the moment; try again",
}


class WrongValue(BaseModel):
    """One thing that is wrong with what was sent."""

    place: str = Field(description="such as `body.why` or `query.limit`")
    value: str = Field(description="what was sent there, shortened; empty where nothing was")
    remedy: str


class ProblemDetails(BaseModel):
    """Why something was not done, for people."""

    type: str
    title: str
    status: int
    detail: str
    problems: list[WrongValue] | None = Field(
        None, description="everything that is wrong with what was sent, if that is why"
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How a route tells in the API's document what it may refuse."""
    return {status: {"description": _SAID[status], "model": ProblemDetails} for status in statuses}


def problem(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    wrong: Sequence[WrongValue] = (),
) -> JSONResponse:
    """Problem details as an answer. Secrets in them are masked."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": mask(detail),
    }
    if wrong:
        content["problems"] = [each.model_dump() for each in wrong]
    return JSONResponse(content, status, headers, MEDIA_TYPE)


def tell_problems(api: FastAPI) -> None:
    """Have `api` tell its errors so; elsewhere than in our own API they stay as they were."""
    before = {
        kind: api.exception_handlers[kind] for kind in (HTTPException, RequestValidationError)
    }

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if not _is_ours(request):
            return await _as_before(before[HTTPException], request, error)
        return problem(error.status_code, _detail(request, error), error.headers)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        if not _is_ours(request):
            return await _as_before(before[RequestValidationError], request, error)
        wrong = [_wrong(each) for each in error.errors()[:_MOST_PROBLEMS]]
        return problem(422, "; ".join(map(_told, wrong)), wrong=wrong)

    async def away(request: Request, error: Exception) -> Response:
        if not _is_ours(request):
            raise error
        return problem(503, f"it cannot be done now: {getattr(error, 'orig', None) or error}")

    async def broken(request: Request, error: Exception) -> Response:
        """What it was is in the log: whoever asks can do nothing about it."""
        said = "Opsbook itself failed at this; its log says why"
        return problem(500, f"{said} ({type(error).__name__})")

    api.add_exception_handler(HTTPException, refused)
    api.add_exception_handler(RequestValidationError, invalid)
    api.add_exception_handler(SQLAlchemyError, away)
    api.add_exception_handler(DurableError, away)
    api.add_exception_handler(Exception, broken)


def _is_ours(request: Request) -> bool:
    path = request.url.path
    return path.startswith(_OURS) and not path.startswith(_OTHERS)


async def _as_before(handler: Handler, request: Request, error: Exception) -> Response:
    answer: Response = await handler(request, error)
    return answer


def _detail(request: Request, error: HTTPException) -> str:
    """Routing itself says no more than the name of the status."""
    if error.detail != HTTPStatus(error.status_code).phrase:
        return str(error.detail)
    if error.status_code == 404:
        return f"there is no {request.url.path}; /api/openapi.json names all there is"
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        return f"{request.url.path} does not take {request.method}; it takes {allowed}"
    return _SAID.get(error.status_code, error.detail)


def _wrong(error: Mapping[str, Any]) -> WrongValue:
    place = ".".join(str(each) for each in error["loc"])
    missing = error["type"] == "missing"
    return WrongValue(
        place=mask(place)[:200],
        value="" if missing else _shown(error.get("input")),
        remedy="it is missing; give it" if missing else _remedy(error),
    )


def _remedy(error: Mapping[str, Any]) -> str:
    said = str(error["msg"]).removeprefix("Value error, ")
    return mask(said[:1].lower() + said[1:])


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = mask(text.encode("utf-8", "backslashreplace").decode())
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _told(wrong: WrongValue) -> str:
    got = f" (got {wrong.value})" if wrong.value else ""
    return f"{wrong.place}: {wrong.remedy}{got}"
