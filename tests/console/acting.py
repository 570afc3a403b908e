"""What tests do to a platform aside from its pages."""

import os
import signal
import subprocess
import time
from typing import Any

import httpx2

from opsbook.state.people import Role
from tests.console.reading import get
from tests.console.stand import Stand


def post(platform: Stand, path: str, body: Any, role: Role = Role.OPERATOR) -> Any:
    """Send it below `/api/`, and give the answer's JSON."""
    answer = httpx2.post(
        f"{platform.address}/api/{path}",
        json=body,
        headers={"Authorization": f"Bearer {platform.tokens[role]}"},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.content else None


def delete(platform: Stand, path: str, role: Role = Role.OPERATOR) -> None:
    """What is below `/api/`."""
    answer = httpx2.delete(
        f"{platform.address}/api/{path}",
        headers={"Authorization": f"Bearer {platform.tokens[role]}"},
        trust_env=False,
        timeout=60,
    )
    assert answer.is_success, answer.text


def pid_of(platform: Stand, service: str) -> int:
    """Of the process that runs it now."""
    return int(get(platform, f"services/{service}")["instance"].removeprefix("pid "))


def kill(platform: Stand, service: str) -> None:
    """As the kernel does when memory runs out."""
    os.kill(pid_of(platform, service), signal.SIGKILL)


def wait_for_another(platform: Stand, service: str, pid: int, within: float = 30) -> None:
    """Until the service runs again, with another process than that one."""
    deadline = time.monotonic() + within
    while (found := get(platform, f"services/{service}"))["phase"] != "running" or (
        found["instance"] == f"pid {pid}"
    ):
        assert time.monotonic() < deadline, f"not restarted within {within} s: {found}"
        time.sleep(0.05)


def hurt(platform: Stand, service: str, how: str) -> None:
    subprocess.run([platform.home / "bin/hurt", service, how], check=True, timeout=20)


def heal(platform: Stand, service: str) -> None:
    subprocess.run([platform.home / "bin/heal", service], check=True, timeout=20)
