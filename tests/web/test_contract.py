"""The whole API under requests that nobody thought of: it never breaks, and answers nothing that
its document does not tell."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from scripts.openapi import FILE

from opsbook.state.datadir import DataDir
from opsbook.state.people import Role
from tests.cli.run import opsbook, opsbook_up
from tests.servers.loopback import free_port
from tests.services.platform import small_book, small_service
from tests.web.test_alerts import headers

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OTHERS = ("/api/v1/", "/api/v2/", "/federate")
"""Paths of other programs' APIs: these say by 503 that a query took too long, and by 500 that a
path is never open. Only what their document tells is allowed there as well."""
KNOWN = {
    "/api/checks/": "a-greets",
    "/api/services/": "a",
    "/api/runbooks/": "list",
    "/api/drills/": "dies",
    "/api/backups/": "orders",
    "/api/databases/": "orders",
}
"""Where → the name of something that is there."""
schema = schemathesis.openapi.from_path(FILE)


@schemathesis.serializer("application/x-protobuf")
def as_bytes(context: object, value: object) -> bytes:
    """Mostly no samples at all."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


def everything(directory: Path) -> Path:
    """A book with one of all that there is."""
    file = small_book(directory, a=small_service(directory, "a", free_port()))
    book = json.loads(file.read_text())
    book |= {
        "kpis": {"answering": {"expression": "vector(1)", "direction": "higher", "target": 1}},
        "alerts": {"route": {"receiver": "desk"}, "receivers": [{"name": "desk"}]},
        "runbooks": {
            "list": {
                "description": "What lies here.",
                "parameters": {"note": {"type": "text", "default": "none", "longest": 40}},
                "steps": [{"name": "files", "class": 0, "command": {"argv": ["ls"]}}],
            }
        },
        "drills": {
            "dies": {
                "kill": {"service": "a"},
                "expect": {"detected": {"within": "5s"}, "recovered": {"within": "5s"}},
            }
        },
        "databases": {"orders": {"sqlite": {"path": "orders.db"}}},
        "backups": {
            "destinations": {"disk": {"local": {"directory": "kept"}}},
            "sets": {"orders": {"sqlite": {"path": "orders.db"}, "to": ["disk"]}},
        },
    }
    file.write_text(json.dumps(book))
    (directory / "orders.db").touch()
    return file


Platform = tuple[str, dict[str, str], str]
"""Where it answers, the headers of an admin, and the number of a silence."""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    directory = tmp_path_factory.mktemp("contract")
    data = directory / "data"
    book = everything(directory)
    with opsbook_up(book, data):
        address = DataDir(data).address()
        assert address is not None
        who = headers(data, "ada", Role.ADMIN)
        yield address, who, silence(address, who)
    opsbook("down", book, "--data", data)


def silence(address: str, who: dict[str, str]) -> str:
    quiet = {"matchers": "a=b", "why": "to be looked at", "seconds": 3600}
    made = httpx2.post(f"{address}/api/silences", json=quiet, headers=who, trust_env=False)
    return str(made.json()["id"])


@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_the_document_says(
    case: schemathesis.Case[Any], platform: Platform
) -> None:
    address, who, number = platform
    aim(case, number)
    answer = case.call(base_url=address, headers=who, timeout=30)
    foreign = case.operation.path.startswith(OTHERS)
    case.validate_response(answer, checks=CHECKS[1:] if foreign else CHECKS)


def aim(case: schemathesis.Case[Any], silence: str) -> None:
    """Half of the requests are about something that is there."""
    if "/silence" in case.operation.path and len(str(case.path_parameters.get("number", ""))) % 2:
        case.path_parameters["number"] = silence
    for where, name in KNOWN.items():
        given: dict[str, Any] = case.path_parameters
        if case.operation.path.startswith(where) and len(str(given.get("name", ""))) % 2:
            given["name"] = name
