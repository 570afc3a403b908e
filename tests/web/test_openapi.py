"""The API's own document, as clients are generated from it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts.everything import everything

from opsbook.web.settings import WebSettings
from tests.web.signing import signing

ROOT = Path(__file__).parents[2]
OTHERS = ("/api/v1", "/api/v2", "/federate")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with everything() as app:
        found: dict[str, Any] = app.front.api.openapi()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def operation_of(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]
    return found


def test_the_file_is_as_the_code_has_it() -> None:
    command = [sys.executable, "-m", "scripts.openapi", "--check"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_it_is_of_the_version_whose_schemas_are_json_schema(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")


def test_each_operation_has_a_name_of_its_own_and_says_what_it_does(
    document: dict[str, Any],
) -> None:
    names = [each["operationId"] for _, _, each in operations(document)]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_{}]*", name)] == []
    assert [each for _, _, each in operations(document) if not each.get("description")] == []
    assert "list_incidents" in names


def test_each_tag_says_what_it_is_about(document: dict[str, Any]) -> None:
    told = {tag["name"] for tag in document["tags"]}
    used = {tag for _, _, each in operations(document) for tag in each.get("tags", [])}
    assert used <= told


def test_every_refusal_of_ours_is_told_as_problem_details(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if not path.startswith("/api/") or path.startswith(OTHERS):
            continue
        for status, answer in operation["responses"].items():
            if status[0] in "45":
                assert list(answer["content"]) == ["application/problem+json"], (method, path)


def test_whoever_has_to_show_who_they_are_is_told_what_happens_otherwise(
    document: dict[str, Any],
) -> None:
    for method, path, operation in operations(document):
        if "security" in operation:
            assert {"401", "403"} <= set(operation["responses"]), (method, path)


def test_each_change_may_be_sent_with_a_key(document: dict[str, Any]) -> None:
    keyed = [
        path
        for method, path, operation in operations(document)
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
    ]
    assert "/api/services/{name}/orders" in keyed
    assert not [path for path in keyed if path.startswith((*OTHERS, "/api/session"))]


async def test_what_asks_for_somebody_says_how_it_refuses(tmp_path: Path) -> None:
    async with signing(tmp_path) as scene:
        document = (await scene.browser.get("/api/openapi.json")).json()
    asks = operation_of(document, "post", "/api/silences")
    assert {"401", "403"} <= set(asks["responses"])
    assert {name for each in asks["security"] for name in each} == {"HTTPBearer", "APIKeyCookie"}
    told = asks["responses"]["401"]["content"]["application/problem+json"]["schema"]
    assert told["$ref"].rpartition("/")[2] in document["components"]["schemas"]
    assert "401" not in operation_of(document, "get", "/api/silences")["responses"]


async def test_where_everybody_signs_in_everything_says_so(tmp_path: Path) -> None:
    async with signing(tmp_path, WebSettings(port=0, sign_in="always")) as scene:
        answer = await scene.browser.get("/api/openapi.json", headers=scene.local_token)
    assert "401" in operation_of(answer.json(), "get", "/api/silences")["responses"]
