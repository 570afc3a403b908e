"""The HTTP side of a watched platform, asked over real sockets."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from opsbook.core.errors import BadInputError
from opsbook.web.server import listen
from opsbook.web.settings import WebSettings
from opsbook.web.status import PlatformStatus
from tests.eventually import eventually
from tests.requirement import needs_program
from tests.services.platform import Platform, one_service, watched

OWN = ("/-/healthy", "/-/ready", "/metrics", "/api/status", "/api/kpis", "/federate")


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        checks = platform.app.watch.checks.values()
        await eventually(lambda: all(check.outcome for check in checks))
        yield platform


async def get(platform: Platform, path: str, **options: Any) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        return await client.get(platform.app.web.address + path, **options)


async def unlooked(platform: Platform, method: str, path: str) -> httpx2.Response:
    """The answer while a check was not looked at: once more where a look came in between."""
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        for _ in range(20):
            platform.app.watch.checks["a-greets"].outcome = None
            answer = await client.request(method, platform.app.web.address + path)
            if answer.status_code != 200:
                break
    return answer


async def test_it_is_healthy_and_ready_once_every_check_was_looked_at(platform: Platform) -> None:
    assert (await get(platform, "/-/healthy")).text == "opsbook is healthy\n"
    assert (await get(platform, "/-/ready")).status_code == 200
    answer = await unlooked(platform, "GET", "/-/ready")
    assert (answer.status_code, answer.text) == (503, "1 checks not looked at yet\n")


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
async def test_a_head_is_as_good_as_a_get(platform: Platform, path: str) -> None:
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        answer = await client.head(platform.app.web.address + path)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_head_says_too_that_it_is_not_ready(platform: Platform) -> None:
    assert (await unlooked(platform, "HEAD", "/-/ready")).status_code == 503


async def test_answers_do_not_wait_for_their_client(platform: Platform) -> None:
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        await client.get(platform.app.web.address + "/-/healthy")
        began = asyncio.get_running_loop().time()
        for _ in range(10):
            await client.get(platform.app.web.address + "/-/healthy")
        assert asyncio.get_running_loop().time() - began < 0.3


async def test_samples_are_counted_in_status_and_metrics(platform: Platform) -> None:
    await eventually(lambda: platform.app.measuring.store.stats().samples)
    told = PlatformStatus.model_validate((await get(platform, "/api/status")).json()).metrics
    assert (told.trouble, told.lost) == (None, 0)
    assert told.series is not None
    assert told.series > 5
    assert told.disk_bytes
    lines = (await get(platform, "/metrics")).text.splitlines()
    assert f"opsbook_metrics_series {told.series}" in lines
    assert 'opsbook_metrics_samples_refused_total{reason="too old"} 0' in lines
    assert {"opsbook_metrics_lost_total 0", "opsbook_metrics_trouble 0.0"} <= set(lines)


async def test_lost_samples_degrade_the_platform_for_a_while(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        platform.app.measuring.recorder.lost = 3
        status = (await get(platform, "/api/status")).json()
        assert status["state"] == "degraded"
        assert status["metrics"]["trouble"] == (
            "the samples of 3 outcomes are lost; the log says why"
        )
        assert "opsbook_metrics_trouble 1.0" in (await get(platform, "/metrics")).text


async def test_the_status_is_that_of_the_platform(platform: Platform) -> None:
    status = PlatformStatus.model_validate((await get(platform, "/api/status")).json())
    assert (status.platform, status.state) == ("small", "up")
    assert status.services[0].instance == f"pid {platform.pid()}"
    assert status.checks[0].conditions[0].actual == "ready"
    assert status.ledger.trouble is None


async def test_a_killed_service_shows_in_the_status_until_it_is_back(tmp_path: Path) -> None:
    book = one_service(tmp_path, restart={"at_most": 0})
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        platform.kill()
        async with asyncio.timeout(5):
            while (status := (await get(platform, "/api/status")).json())["state"] != "down":
                await asyncio.sleep(0.01)
        assert status["services"][0]["state"] == "down"
        assert "killed by SIGKILL" in status["services"][0]["message"]


async def test_the_document_describes_every_answer(platform: Platform) -> None:
    document = (await get(platform, "/api/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert set(OWN) <= set(document["paths"])
    untold = [
        (path, method)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if not operation.get("description")
    ]
    assert untold == []


async def test_no_page_is_loaded_from_elsewhere(platform: Platform) -> None:
    answer = await get(platform, "/docs")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "://" not in answer.text


async def test_a_foreign_name_for_loopback_is_refused(platform: Platform) -> None:
    answer = await get(platform, "/api/status", headers={"Host": "evil.example"})
    assert answer.status_code == 400


async def test_metrics_hold_what_the_status_says(platform: Platform) -> None:
    lines = (await get(platform, "/metrics")).text.splitlines()
    assert 'opsbook_check_state{check="a-greets",service="a",state="up"} 1.0' in lines
    assert 'opsbook_check_state{check="a-greets",service="a",state="down"} 0.0' in lines
    assert 'opsbook_service_state{service="a",state="up"} 1.0' in lines
    assert any(line.startswith("opsbook_check_measurement{") for line in lines)
    memory = next(line for line in lines if line.startswith("process_resident_memory_bytes "))
    assert float(memory.split()[1]) > 1e7


async def test_promtool_finds_nothing_wrong_with_the_metrics(platform: Platform) -> None:
    promtool = needs_program("promtool", "prometheus")
    text = (await get(platform, "/metrics")).text
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True
    )
    assert (checked.returncode, checked.stderr) == (0, "")


async def test_a_taken_port_is_told(platform: Platform) -> None:
    port = int(platform.app.web.address.rpartition(":")[2])
    with pytest.raises(BadInputError, match="choose another port"):
        listen(WebSettings(port=port))
