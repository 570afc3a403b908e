"""The whole API under requests that nobody thought of: it never breaks, and answers nothing that
its document does not tell."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
OTHERS = r"^/api/v1/|^/api/v2/|^/federate"
"""Paths of other programs' APIs, which tests of their own hold against those programs."""
SIGNS_OUT = r"^/api/session"
"""Ends what the other requests need, or waits after a few failures."""
KNOWN = {
    "/api/checks/": "a-greets",
    "/api/services/": "a",
    "/api/runbooks/": "list",
    "/api/drills/": "dies",
    "/api/backups/": "orders",
    "/api/databases/": "orders",
}
"""Where → the name of something that is there."""
schema = schemathesis.openapi.from_path(FILE).exclude(path_regex=f"{OTHERS}|{SIGNS_OUT}")


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


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """Where it answers, and the headers of an admin."""
    directory = tmp_path_factory.mktemp("contract")
    data = directory / "data"
    book = everything(directory)
    with opsbook_up(book, data):
        address = DataDir(data).address()
        assert address is not None
        yield address, headers(data, "ada", Role.ADMIN)
    opsbook("down", book, "--data", data)


@schema.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_the_document_says(
    case: schemathesis.Case[Any], platform: tuple[str, dict[str, str]]
) -> None:
    address, who = platform
    aim(case)
    answer = case.call(base_url=address, headers=who, timeout=30)
    case.validate_response(answer, checks=CHECKS)


def aim(case: schemathesis.Case[Any]) -> None:
    """Half of the requests are about something that is there."""
    for where, name in KNOWN.items():
        given: dict[str, Any] = case.path_parameters
        if case.operation.path.startswith(where) and len(str(given.get("name", ""))) % 2:
            given["name"] = name
