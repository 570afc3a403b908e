"""All kinds of faults, whole drills long, against processes of a HelixFlow."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from opsbook.platforms.helixflow.home import prepare
from opsbook.platforms.helixflow.ports import Ports
from tests.alerts.notifiers.catcher import answer, catching
from tests.drills.scene import Scene, scene, settings, wait_until_up

SERVICE = "auth-service"
SCRIPT = """
import pathlib, sys
from opsbook.platforms.helixflow import faults
getattr(faults, sys.argv[1])(pathlib.Path(sys.argv[2]), *sys.argv[3:])
"""
TOOL = [sys.executable, "-c", SCRIPT]
"""What `opsbook demo` does, without the second that the command takes to start."""
FILLED = """
import json, pathlib, sys
sizes = [file.stat().st_blocks * 512 for file in pathlib.Path(sys.argv[1]).iterdir()]
print(json.dumps({"filled": sum(sizes)}))
"""


def hurt(home: Path, how: str, **more: Any) -> dict[str, Any]:
    """As a book does it: by the platform's own tool."""
    command = {
        "inject": [*TOOL, "hurt", str(home), SERVICE, how],
        "undo": [*TOOL, "heal", str(home), SERVICE],
        **more,
    }
    return {"command": command, "service": SERVICE}


def expecting(*checks: str, **more: Any) -> dict[str, Any]:
    detected = {"within": "10s", "by": list(checks)}
    return {"expect": {"detected": detected, "recovered": {"within": "10s"}, **more}}


def faults(home: Path) -> dict[str, dict[str, Any]]:
    certificate = {"file": "certs/auth-service.crt", "key": "certs/auth-service.key"}
    disk = {"directory": "full", "up_to": "20 MiB", "leave_free": "100 MiB"}
    return {
        "kill": {"kill": {"service": SERVICE}},
        "hang": {"hang": {"service": SERVICE}},
        "slow": hurt(home, "slow:500ms") | expecting("answers"),
        "errors": hurt(home, "errors", mended_by="undo") | expecting("answers"),
        "closed-port": hurt(home, "close-port", mended_by="restart") | expecting("answers"),
        "full-disk": {"fill-disk": disk} | expecting("room"),
        "certificate": {"expire-certificate": certificate} | expecting("certificate"),
        "clock": hurt(home, "clock:+10d") | expecting("clock"),
    }


def book(home: Path, receiver: str | None = None) -> Path:
    """Two services of it, looked at often."""
    ports = Ports.free()
    prepare(home, ports)
    (home / "full").mkdir()
    often = {"every": "200ms", "retry_every": "50ms", "timeout": "400ms"}
    health = f"http://127.0.0.1:{ports.auth}/health"
    clock = {
        "url": f"http://127.0.0.1:{ports.monitoring}/metrics",
        "name": "clock_difference_seconds",
        "labels": {"service": SERVICE},
    }
    checks: dict[str, dict[str, Any]] = {
        "answers": {
            "service": SERVICE,
            "http": {"url": health},
            "restart_when_down": True,
            "conditions": {"latency_seconds": {"at_most": {"warning": "200ms"}}},
        },
        "room": {
            "command": {
                "argv": [sys.executable, "-c", FILLED, str(home / "full")],
                "extract": {"values": {"filled_bytes": "filled"}},
            },
            "timeout": "5s",
            "conditions": {"filled_bytes": {"at_most": {"critical": 10_000_000}}},
        },
        "certificate": {
            "tls": {"file": str(home / "certs/auth-service.crt")},
            "conditions": {"days_left": {"at_least": {"warning": 30, "critical": 7}}},
        },
        "clock": {
            "metric": clock,
            "conditions": {"value": {"at_most": {"warning": 5, "critical": 60}}},
        },
    }
    services = {
        name: {
            "process": {
                "command": [str(home / "bin" / name)],
                "environment": {"REQUESTS_PER_SECOND": "0"},
                "stop_grace": "300ms",
            },
            "restart": {"verified_by": ["answers"] if name == SERVICE else []},
        }
        for name in (SERVICE, "monitoring")
    }
    content: dict[str, Any] = {
        "platform": {"name": "helixflow"},
        "services": services,
        "checks": {name: {**often, **check} for name, check in checks.items()},
    }
    if receiver is not None:
        content["alerts"] = {
            "checks": {"down": "page", "degraded": "warning"},
            "route": {"receiver": "on-call", "group_wait": "0s", "group_by": ["service"]},
            "receivers": [{"name": "on-call", "webhook_configs": [{"url": receiver}]}],
        }
    file = home / "drilled.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


async def drilled(found: Scene, name: str) -> dict[str, Any]:
    await wait_until_up(found)
    return await found.result(name)


@pytest.mark.parametrize(
    "name", ["kill", "hang", "slow", "errors", "closed-port", "full-disk", "certificate", "clock"]
)
async def test_each_fault_is_found_and_undone_and_everything_is_well_again(
    tmp_path: Path, name: str
) -> None:
    home = tmp_path / "helix"
    started = book(home)
    drills = settings(home, **faults(home))
    before = snapshot(home)
    async with scene(started, tmp_path / "data", drills) as found:
        result = await drilled(found, name)
        undone = found.ledger("drill.undone")
    evidence = result["evidence"]
    assert (result["state"], evidence["missed"]) == ("proved", [])
    assert evidence["detect_seconds"] < 10
    assert evidence["recover_seconds"] < 10
    assert [each["body"]["here"] for each in undone] == [True]
    assert snapshot(home) == before


async def test_who_is_told_is_part_of_the_proof(tmp_path: Path) -> None:
    home = tmp_path / "helix"
    told = {"notified": {"within": "20s", "receiver": "on-call"}}
    async with catching(answer(200)) as catcher:
        drills = settings(home, errors=hurt(home, "errors") | expecting("answers", **told))
        async with scene(book(home, catcher.url), tmp_path / "data", drills) as found:
            result = await drilled(found, "errors")
    evidence = result["evidence"]
    assert result["state"] == "proved"
    assert evidence["detect_seconds"] <= evidence["notify_seconds"] < 20


def snapshot(home: Path) -> dict[str, object]:
    """What faults may change."""
    files = [*home.glob("certs/*"), *home.glob("hurt/*"), *home.glob("full/*")]
    return {str(file): (file.read_bytes(), file.stat().st_mode) for file in files}
