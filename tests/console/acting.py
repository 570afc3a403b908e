"""What tests do to a platform aside from its pages."""

import os
import signal
import subprocess
import time

from tests.console.api import get
from tests.console.stand import Stand


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
