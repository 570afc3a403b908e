"""The page of the HTTP paths and the metrics, from the API itself and from one platform."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from opsbook.backups.store import MADE, Row, put
from opsbook.drills.events import DrillEnded
from opsbook.drills.model import Evidence
from opsbook.probes.model import Outcome, State
from opsbook.web.exposition import expose
from scripts.everything import everything
from scripts.reference.markdown import one_line, page, table

_REFERENCE = "#/components/schemas/"
_EVIDENCE = Evidence(
    run="",
    fault="",
    detect_seconds=0.0,
    notify_seconds=None,
    recover_seconds=0.0,
    missed=(),
    asked_by="",
    approved_by=None,
    why="",
    entries=(),
)

_SIZES = {"stored_bytes": 0, "content_bytes": 0, "duration_seconds": 0.0}
_BACKUP = (
    Row("orders", "disk", "1", MADE, 0.0, True, evidence=_SIZES),
    Row(
        "orders",
        "disk",
        "1",
        "restore",
        0.0,
        True,
        evidence={"rto_seconds": 0.0, "rpo_seconds": 0.0},
    ),
)


def http_page() -> str:
    document, exposed = _shown()
    parts = []
    for name, schema in _answers(document).items():
        parts += [f"### {name}", one_line(schema.get("description", "")), _fields(schema)]
    return page(
        "HTTP paths and metrics",
        "Everything is on one port of loopback, see [web](book.md#web). Errors under `/api/` are "
        "problem details (RFC 9457), but for `/api/v1` and `/api/v2`; see [use the "
        "API](../howto/use-the-api.md). The document that clients are made from is at "
        "`/api/openapi.json`, and [here](openapi.json).",
        table(("path", "what it answers", "otherwise"), _paths(document)),
        "## Metrics",
        "At `/metrics`, in Prometheus' text format 0.0.4.",
        table(("metric", "type", "labels", "meaning"), _metrics(exposed)),
        "## Answers",
        *parts,
    )


def _paths(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            good_code = min(answers)
            good = answers[good_code].get("content", {})
            refs = [_type(each["schema"]) for each in good.values() if "$ref" in each["schema"]]
            otherwise = [
                _otherwise(code, each)
                for code, each in answers.items()
                if code not in (good_code, "default")
            ]
            told = " ".join([operation["description"], *refs])
            yield f"`{method.upper()} {path}`", told, ", ".join(otherwise)


def _otherwise(code: str, answer: Mapping[str, Any]) -> str:
    """Problem details say themselves what they are about."""
    told = "application/problem+json" in answer.get("content", {})
    return code if told else f"{code}: {answer['description']}"


def _answers(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the paths answer with, in their order, each with what it speaks of."""
    found: dict[str, Any] = {}
    for reference in re.findall(rf"{_REFERENCE}\w+", json.dumps(document["paths"])):
        found |= _schemas(document, reference)
    return {name: schema for name, schema in found.items() if {"properties", "enum"} & set(schema)}


def _schemas(document: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """A schema and all that it speaks of, the larger before its parts."""
    name = reference.removeprefix(_REFERENCE)
    schema = document["components"]["schemas"][name]
    found = {name: schema}
    for inner in re.findall(rf"{_REFERENCE}\w+", json.dumps(schema)):
        found |= _schemas(document, inner)
    return found


def _fields(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"One of {_type(schema)}."
    return table(
        ("field", "type", "meaning"),
        (
            (f"`{name}`", _type(each), each.get("description", ""))
            for name, each in schema["properties"].items()
        ),
    )


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REFERENCE)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return f"name → {_type(inner)}" if isinstance(inner, dict) else "object"
    return str(schema.get("format") or schema.get("type"))


def _metrics(text: str) -> Iterator[tuple[str, str, str, str]]:
    labels = _labels(text)
    kinds = dict(line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE"))
    for line in text.splitlines():
        if line.startswith("# HELP"):
            name, meaning = line.split(maxsplit=3)[2:]
            named = ", ".join(f"`{label}`" for label in labels[name])
            yield f"`{name}`", kinds[name], named, meaning


def _labels(text: str) -> dict[str, list[str]]:
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, rest = line.partition(" ")[0].partition("{")
            found[name] = [pair.partition("=")[0] for pair in rest.removesuffix("}").split(",")]
    return {name: [label for label in labels if label] for name, labels in found.items()}


def _shown() -> tuple[dict[str, Any], str]:
    """The API's document, and the metrics of a platform with one of everything."""
    with everything() as app:
        outcome = Outcome(0.0, 0.0, State.UP, "", {"connect_seconds": 0.0})
        app.watch.checks["port"].take(outcome)
        app.bus.announce(DrillEnded("dies", 0.0, _EVIDENCE))
        app.measuring.store.start()
        put(app.state.engine, *_BACKUP)
        asyncio.run(app.backups.start())
        asyncio.run(app.databases.look("orders"))
        asyncio.run(app.front.view.refresh())
        return app.front.api.openapi(), expose(app.front.view)
