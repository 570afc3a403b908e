"""What the document of the API tells of Alertmanager's paths beyond their models."""

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

_PROBLEM: Schema = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
}
_REF = "#/components/schemas/{model}"


class Refusal(BaseModel):
    """Why a request was not looked at."""

    detail: str


_REFUSALS: dict[int, Schema] = {
    400: {"description": "why not, as a text", "model": str},
    403: {"description": "a page of another site sent it", "content": _PROBLEM},
    404: {"description": "there is none of this number"},
    413: {"description": "more was sent than is taken", "model": Refusal, "content": _PROBLEM},
    415: {"description": "what was sent is not called JSON", "model": Refusal},
    422: {"description": "this is no number of a silence", "model": Refusal},
    500: {"description": "it cannot be written down; why not, as a text", "model": str},
}


def refusals(*statuses: int) -> dict[int | str, Schema]:
    """How a route refuses."""
    return {status: dict(_REFUSALS[status]) for status in statuses}


def body_of(model: type[BaseModel], *, many: bool = False) -> Schema:
    """The body of a route that reads it itself."""
    schema = model.model_json_schema(ref_template=_REF)
    schema.pop("$defs", None)
    content = {"type": "array", "items": schema} if many else schema
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": content}}}}
