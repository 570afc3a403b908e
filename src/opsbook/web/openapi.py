"""The API's own document, made complete for clients that are generated from it.

Each operation is named after what it does, and tells how it refuses.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI

from opsbook.web.idempotency import HEADER, LONGEST_KEY, takes_key
from opsbook.web.problems import MEDIA_TYPE, ProblemDetails, problems

_OTHERS = ("/api/v1/", "/api/v2/")
_TAGS = {
    "status": "How the platform stands now, and what waits for somebody.",
    "history": "How checks and services stood, from the ledger.",
    "services": "One service: its state, its output, and orders to it.",
    "alerts": "What fires, who has it, silences, and who was told.",
    "incidents": "What people deal with, from its opening to what was learned.",
    "runbooks": "Procedures: what they would do, their runs, and consent to them.",
    "drills": "Faults made on purpose, and what they prove.",
    "backups": "Backup sets, what lies where, and whether it comes back.",
    "databases": "How databases stand, and their maintenance.",
    "ledger": "What happened, and whether the record is as it was written.",
    "dashboards": "Dashboards of Grafana, as they were saved.",
    "access": "Who asks, and signing in and out.",
    "own": "Whether Opsbook itself is well.",
    "prometheus": "Prometheus' HTTP API; its errors are those that its clients know.",
    "alertmanager": "Alertmanager's API; its errors are those that its clients know.",
}
Document = dict[str, Any]
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "sent again with it within a day, the first answer is given again",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": "^[!-~]+$",
    },
}


def document(api: FastAPI, *, guarded: bool = False) -> None:
    """Have `api` give its document so. Once, after the last of its routes. `guarded`: whatever
    asks for nobody in particular wants somebody all the same."""
    plain: Callable[[], Document] = api.openapi

    def complete() -> Document:
        if api.openapi_schema is None:
            api.openapi_schema = _completed(plain(), guarded)
        return api.openapi_schema

    api.openapi = complete  # type: ignore[method-assign]  # FastAPI says to do it so


def _completed(found: Document, guarded: bool) -> Document:
    used = {tag for _, _, each in _operations(found) for tag in each.get("tags", [])}
    found["tags"] = [{"name": n, "description": t} for n, t in _TAGS.items() if n in used]
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    _add_problem_schemas(schemas)
    for path, method, operation in _operations(found):
        if guarded or operation.get("security"):
            for status in (401, 403):
                operation["responses"].setdefault(str(status), _answer(status))
        if not path.startswith(_OTHERS):
            _name(operation)
        if path.startswith("/api/") and not path.startswith(_OTHERS):
            if takes_key(method, path):
                operation.setdefault("parameters", []).append(_KEY)
            _tell_refusals(method, operation)
    _drop_unused(found, "HTTPValidationError", "ValidationError")
    return found


def _drop_unused(found: Document, *names: str) -> None:
    """FastAPI describes its own errors, which ours are not."""
    for name in names:
        if f'"#/components/schemas/{name}"' not in json.dumps(found):
            found["components"]["schemas"].pop(name, None)


def _operations(found: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _name(operation: Document) -> None:
    """FastAPI puts path and method into the name of a route's function; the function's own
    name, which is what the summary was made of, says more and stays when a path changes."""
    made = operation["summary"].lower().replace(" ", "_")
    if operation["operationId"].startswith(f"{made}_"):
        operation["operationId"] = made


def _tell_refusals(method: str, operation: Document) -> None:
    """Statuses that no route has to name, for they come with its signature."""
    answers = operation["responses"]
    answers.pop("422", None)
    statuses = [400, 409] if _KEY in operation.get("parameters", []) else []
    if "requestBody" in operation:
        statuses += [400, 413]  # what is no text at all, and what has no end
    if operation.get("parameters") or "requestBody" in operation:
        statuses.append(422)
    if "security" in operation:
        statuses.append(503)
    elif method != "get":
        statuses.append(403)
    for status in statuses:
        answers.setdefault(str(status), _answer(status))
    for status, answer in answers.items():
        if status[0] in "45" and "content" in answer:
            answer["content"] = {MEDIA_TYPE: next(iter(answer["content"].values()))}
    operation["responses"] = dict(sorted(answers.items()))


def _answer(status: int) -> Document:
    said = problems(status)[status]["description"]
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    return {"description": said, "content": {MEDIA_TYPE: {"schema": schema}}}


def _add_problem_schemas(schemas: Document) -> None:
    made = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(made.pop("$defs", {}))
    schemas[ProblemDetails.__name__] = made
