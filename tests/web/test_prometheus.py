"""Prometheus' API, asked by hand and by Prometheus' own client."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.eventually import eventually
from tests.requirement import needs_program
from tests.services.platform import Platform, one_service, watched

UP = 'opsbook_check_state{check="a-greets",state="up"}'


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        await eventually(lambda: platform.app.measuring.store.stats().samples)
        yield platform


async def ask(platform: Platform, path: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        answer = await client.get(f"{platform.app.web.address}/api/v1{path}", params=parameters)
    return answer.status_code, answer.json()


async def test_an_instant_query_gives_the_state_of_a_check(platform: Platform) -> None:
    code, answer = await ask(platform, "/query", query=UP)
    assert (code, answer["status"], answer["data"]["resultType"]) == (200, "success", "vector")
    (series,) = answer["data"]["result"]
    assert series["metric"]["service"] == "a"
    assert series["value"][1] == "1"
    assert abs(series["value"][0] - time.time()) < 5


async def test_a_form_in_the_body_is_the_same_as_the_url(platform: Platform) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        url = f"{platform.app.web.address}/api/v1/query"
        posted = (await client.post(url, data={"query": "1 + 1"})).json()
    assert posted["data"]["resultType"] == "scalar"
    assert posted["data"]["result"][1] == "2"


async def test_a_range_has_a_value_at_each_step(platform: Platform) -> None:
    end = time.time()
    _, answer = await ask(
        platform, "/query_range", query="vector(7)", start=end - 60, end=end, step="15s"
    )
    (series,) = answer["data"]["result"]
    assert [value for _, value in series["values"]] == ["7"] * 5


async def test_series_labels_and_values_are_found(platform: Platform) -> None:
    _, series = await ask(platform, "/series", **{"match[]": UP})
    assert [each["state"] for each in series["data"]] == ["up"]
    _, labels = await ask(platform, "/labels")
    assert {"__name__", "check", "service", "state"} <= set(labels["data"])
    _, values = await ask(platform, "/label/check/values")
    assert values["data"] == ["a-greets"]
    _, build = await ask(platform, "/status/buildinfo")
    assert build["data"]["version"].startswith("3.")


@pytest.mark.parametrize(
    ("path", "parameters", "code", "kind"),
    [
        ("/query", {}, 400, "bad_data"),
        ("/query", {"query": "sum("}, 400, "bad_data"),
        ("/query", {"query": "1", "time": "soon"}, 400, "bad_data"),
        ("/query", {"query": '{a=~"("}'}, 400, "bad_data"),
        ("/query_range", {"query": "1", "start": 0, "end": 1e9, "step": 1}, 400, "bad_data"),
        ("/query_range", {"query": "1", "start": 9, "end": 1, "step": 1}, 400, "bad_data"),
        ("/series", {}, 400, "bad_data"),
        ("/series", {"match[]": "1 + 1"}, 400, "bad_data"),
    ],
)
async def test_what_cannot_be_asked_is_told_with_its_type(
    platform: Platform, path: str, parameters: dict[str, Any], code: int, kind: str
) -> None:
    status, answer = await ask(platform, path, **parameters)
    assert (status, answer["status"], answer["errorType"]) == (code, "error", kind)
    assert answer["error"]


async def test_prometheus_own_client_works(platform: Platform) -> None:
    promtool = needs_program("promtool", "prometheus")
    address = platform.app.web.address

    def asked(*words: str) -> str:
        command = [promtool, "query", *words]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    instant = await asyncio.to_thread(asked, "instant", address, UP)
    assert "=> 1 @" in instant
    ranged = await asyncio.to_thread(asked, "range", address, UP)
    assert "1 @[" in ranged
    series = await asyncio.to_thread(asked, "series", "--match", UP, address)
    assert 'state="up"' in series
    assert await asyncio.to_thread(asked, "labels", address, "check") == "a-greets\n"


async def test_samples_are_there_after_a_restart(tmp_path: Path) -> None:
    book = one_service(tmp_path)
    async with watched(book, tmp_path / "data", leave=True) as platform:
        await platform.well()
        await eventually(lambda: platform.app.measuring.store.stats().samples)
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        _, answer = await ask(platform, "/query", query=f"count_over_time({UP}[5m])")
        assert float(answer["data"]["result"][0]["value"][1]) >= 1
