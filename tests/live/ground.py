"""Debian's Prometheus and Alertmanager, and Opsbook, on one configuration; what they tell."""

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2

from tests.alerts.notifiers.catcher import Catcher
from tests.requirement import needs_program
from tests.servers.loopback import free_port
from tests.services.platform import Platform, watched

Post = tuple[str, str, tuple[str, ...]]
"""A webhook's status, its group's labels, and the status and labels of its alerts."""


def configuration(hook: str) -> dict[str, Any]:
    """An `alertmanager.yml` with short times and two receivers."""
    return {
        "route": {
            "receiver": "hook",
            "group_by": ["alertname"],
            "group_wait": "1s",
            "group_interval": "2s",
            "repeat_interval": "1h",
            "routes": [{"receiver": "nobody", "matchers": ['team="nobody"']}],
        },
        "receivers": [
            {"name": "hook", "webhook_configs": [{"url": hook}]},
            {"name": "nobody"},
        ],
    }


@contextlib.asynccontextmanager
async def opsbook(place: Path, hook: str) -> AsyncIterator[Platform]:
    """The whole of it, from a book that names an `alertmanager.yml`."""
    place.mkdir()
    (place / "alertmanager.yml").write_text(json.dumps(configuration(hook)))
    book = {"platform": {"name": "live"}, "alerts": {"alertmanager": "alertmanager.yml"}}
    (place / "book.yaml").write_text(json.dumps(book))
    async with watched(place / "book.yaml", place / "data") as platform:
        await _answering(f"{platform.app.web.address}/-/ready")
        yield platform


@contextlib.asynccontextmanager
async def alertmanager(place: Path, hook: str) -> AsyncIterator[str]:
    """Its address."""
    program = needs_program("prometheus-alertmanager")
    place.mkdir()
    (place / "alertmanager.yml").write_text(json.dumps(configuration(hook)))
    address = f"127.0.0.1:{free_port()}"
    async with _running(
        program,
        f"--config.file={place / 'alertmanager.yml'}",
        f"--storage.path={place / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ):
        await _answering(f"http://{address}/-/ready")
        yield f"http://{address}"


@contextlib.asynccontextmanager
async def prometheus(
    place: Path, rules: Sequence[Mapping[str, Any]], *alertmanagers: str
) -> AsyncIterator[None]:
    """It evaluates these every second and tells all of those."""
    program = needs_program("prometheus")
    place.mkdir()
    targets = [address.removeprefix("http://") for address in alertmanagers]
    settings = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {
            "alertmanagers": [{"api_version": "v2", "static_configs": [{"targets": targets}]}]
        },
    }
    (place / "prometheus.yml").write_text(json.dumps(settings))
    (place / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": list(rules)}]}))
    address = f"127.0.0.1:{free_port()}"
    async with _running(
        program,
        f"--config.file={place / 'prometheus.yml'}",
        f"--storage.tsdb.path={place / 'data'}",
        f"--web.listen-address={address}",
        "--rules.alert.resend-delay=1s",
    ):
        await _answering(f"http://{address}/-/ready")
        yield


async def amtool(address: str, *words: str) -> str:
    """What it prints. Fails where it does."""
    command = [needs_program("amtool", "prometheus-alertmanager"), *words]
    ran = await asyncio.to_thread(
        subprocess.run,
        [*command, f"--alertmanager.url={address}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return str(ran.stdout)


def posts(catcher: Catcher) -> list[Post]:
    """What a webhook was told."""
    return [_post(request.json()) for request in catcher.caught]


def last_posts(catcher: Catcher) -> dict[str, Post]:
    """The last one of each group."""
    return {post[1]: post for post in posts(catcher)}


def told_of_an_end(catcher: Catcher) -> bool:
    return any("resolved" in alert for _, _, alerts in posts(catcher) for alert in alerts)


def _post(body: dict[str, Any]) -> Post:
    alerts = sorted(f"{each['status']} {_text(each['labels'])}" for each in body["alerts"])
    return body["status"], _text(body["groupLabels"]), tuple(alerts)


def _text(labels: dict[str, str]) -> str:
    return json.dumps(labels, sort_keys=True)


async def _answering(url: str) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client, asyncio.timeout(30):
        while True:
            with contextlib.suppress(httpx2.TransportError):
                if (await client.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def _running(*command: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
