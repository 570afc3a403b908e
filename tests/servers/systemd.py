"""A private `systemd --user` with its own D-Bus bus, in cgroups of its own."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.requirement import missing, needs_program
from tests.servers.process import running

_TARGETS = ("basic", "exit", "paths", "shutdown", "sockets", "timers")
"""What every unit depends on by default."""

_BUS = {
    "dbus.socket": "[Socket]\nListenStream=%t/bus\n",
    "dbus.service": "[Unit]\nRequires=dbus.socket\n[Service]\nExecStart={daemon} --session "
    "--address=systemd: --nofork --nopidfile --systemd-activation\n",
    "default.target": "[Unit]\nRequires=dbus.socket dbus.service\n",
}
"""Systemd takes to a bus only where it runs the bus itself."""

_START = """
mkdir -p /run/systemd
mount -t tmpfs tmpfs /run/systemd
mkdir /run/systemd/system
for group in {groups}; do echo 0 > $group/cgroup.procs; done
exec {systemd} --user --log-target=console
"""
"""Where systemd is not the machine's first process, it refuses to run without this directory."""


@dataclass(frozen=True)
class SystemdUser:
    """A running instance. Its units are files in `units`."""

    directory: Path

    @property
    def units(self) -> Path:
        return self.directory / "units"

    @property
    def address(self) -> str:
        """The address of its bus."""
        return f"unix:path={self.directory}/bus"

    def systemctl(self, *words: str) -> str:
        """What systemctl says when it is asked of this instance."""
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.directory)}
        return subprocess.run(
            ["systemctl", "--user", *words],
            env={**environment, "DBUS_SESSION_BUS_ADDRESS": self.address},
            check=False,
            capture_output=True,
            text=True,
        ).stdout


@contextlib.contextmanager
def systemd_user(directory: Path) -> Iterator[SystemdUser]:
    """Run systemd on a short path, for its sockets are in it; all of it ends with the block."""
    program = needs_program("systemd")
    daemon = needs_program("dbus-daemon")
    if os.geteuid() != 0:
        missing("systemd --user in its own cgroup needs root")
    server = SystemdUser(directory)
    directory.chmod(0o700)
    server.units.mkdir()
    for target in _TARGETS:
        (server.units / f"{target}.target").write_text("[Unit]\n")
    for name, text in _BUS.items():
        (server.units / name).write_text(text.format(daemon=daemon))
    with _cgroups() as groups:
        script = _START.format(groups=" ".join(map(str, groups)), systemd=program)
        argv = ["unshare", "--mount", "--propagation", "private", "sh", "-e", "-c", script]
        environment = {
            "HOME": str(directory),
            "XDG_RUNTIME_DIR": str(directory),
            "DBUS_SESSION_BUS_ADDRESS": server.address,
            "SYSTEMD_UNIT_PATH": str(server.units),
        }

        def ready() -> bool:
            return "active" in server.systemctl("is-active", "dbus.service").split()

        with running(argv, directory, ready, stop=signal.SIGKILL, environment=environment):
            yield server


@contextlib.contextmanager
def _cgroups() -> Iterator[list[Path]]:
    """A group below our own in each hierarchy that systemd uses; emptied afterwards."""
    groups = [path / f"opsbook-test-{os.getpid()}" for path in _own_groups()]
    try:
        for group in groups:
            group.mkdir(exist_ok=True)
    except OSError as error:
        missing(f"systemd --user needs a cgroup of its own: {error}")
    try:
        yield groups
    finally:
        for group in groups:
            _remove(group)


def _own_groups() -> list[Path]:
    mounts = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2":
            mounts[""] = place
        elif kind == "cgroup" and "name=systemd" in options.split(","):
            mounts["name=systemd"] = place
    own = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    return [Path(mounts[name] + path) for _, name, path in own if name in mounts]


def _remove(group: Path) -> None:
    deadline = time.monotonic() + 10
    while group.exists() and time.monotonic() < deadline:
        inner = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
        for path in [*inner, group]:
            for pid in (path / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            with contextlib.suppress(OSError):
                path.rmdir()
        time.sleep(0.02)
