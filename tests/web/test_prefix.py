"""A platform whose API stands below a path of its own."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from opsbook.web.settings import WebSettings
from tests.requirement import needs_program
from tests.services.platform import Platform, one_service, watched


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    web = WebSettings(port=0, prefix="/ops")
    async with watched(one_service(tmp_path), tmp_path / "data", web) as platform:
        await platform.well()
        yield platform


async def test_everything_is_below_the_prefix_and_nothing_elsewhere(platform: Platform) -> None:
    address = platform.app.web.address
    assert address.endswith("/ops")
    async with httpx2.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{address}/-/healthy")).status_code == 200
        found = await client.get(f"{address}/api/v1/query", params={"query": "1"})
        assert found.json()["status"] == "success"
        elsewhere = await client.get(address.removesuffix("/ops") + "/-/healthy")
        assert (elsewhere.status_code, elsewhere.text) == (404, "everything is below /ops\n")
        longer = await client.get(f"{address}x/-/healthy")
        assert longer.status_code == 404


async def test_amtool_asks_below_the_prefix(platform: Platform) -> None:
    ran = await asyncio.to_thread(
        subprocess.run,
        [
            needs_program("amtool"),
            f"--alertmanager.url={platform.app.web.address}",
            "alert",
            "query",
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ran.returncode, ran.stdout.split()[0]) == (0, "Alertname")
