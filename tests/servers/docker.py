"""A private Docker API on a Unix socket, spoken by podman, with an image from busybox."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from opsbook.core.procfs import all_pids, arguments
from tests.requirement import missing, needs_program
from tests.servers.process import running, wait_until

_IMAGE = "localhost/busybox:1"


@dataclass(frozen=True)
class Docker:
    """A running daemon; its containers share the network of the machine."""

    socket: Path

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """What the API answers. Raises HTTPStatusError if it refuses."""
        transport = httpx2.HTTPTransport(uds=str(self.socket), verify=False)
        with httpx2.Client(transport=transport, base_url="http://docker", timeout=30) as client:
            answer = client.request(method, path, json=body or None)
            answer.raise_for_status()
            return json.loads(answer.content) if answer.content else None

    def create(self, project: str, service: str, command: Sequence[str], **labels: str) -> str:
        """Create a container as compose would; its id."""
        compose = {"project": project, "service": service, **labels}
        # Podman asks for limits higher than its own, which root in a container may not.
        limits = {
            name: min(resource.getrlimit(kind)[1], 4096)
            for name, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
        }
        created = self.ask(
            "POST",
            "/containers/create",
            Image=_IMAGE,
            Cmd=list(command),
            Labels={f"com.docker.compose.{name}": value for name, value in compose.items()},
            HostConfig={
                "NetworkMode": "host",
                "Ulimits": [{"Name": n, "Soft": v, "Hard": v} for n, v in limits.items()],
            },
        )
        return str(created["Id"])

    def of(self, project: str) -> list[str]:
        """The containers of a project in the order of their numbers, running or not."""
        label = "com.docker.compose"
        filters = json.dumps({"label": [f"{label}.project={project}"]})
        listed = self.ask("GET", f"/containers/json?all=true&filters={filters}")
        listed.sort(key=lambda each: int(each["Labels"].get(f"{label}.container-number", 1)))
        return [str(each["Id"]) for each in listed]

    def remove(self, container: str) -> None:
        """Remove a container, running or not; one that is gone already is fine."""
        try:
            self.ask("DELETE", f"/containers/{container}?force=true")
        except httpx2.HTTPStatusError as error:
            if error.response.status_code != 404:
                raise


@contextlib.contextmanager
def docker(directory: Path) -> Iterator[Docker]:
    """Serve the Docker API until the block ends; its containers end with it."""
    podman = needs_program("podman")
    needs_program("runc")
    busybox = Path(needs_program("busybox", "busybox-static"))
    if os.geteuid() != 0:
        missing("podman with containers of its own needs root")
    server = Docker(directory / "docker.sock")
    words = [podman, "--root", f"{directory}/root", "--runroot", f"{directory}/run"]
    words += ["--tmpdir", f"{directory}/tmp", "--storage-driver", "vfs", "--runtime", "runc"]
    words += ["--cgroup-manager", "cgroupfs", "--events-backend", "file"]
    _import_image(words, busybox, directory)
    serve = [*words, "system", "service", "--time=0", f"unix://{server.socket}"]
    try:
        with running(serve, directory, server.socket.exists, stop=signal.SIGTERM):
            try:
                yield server
            finally:
                for container in server.ask("GET", "/containers/json?all=true"):
                    server.remove(container["Id"])
    finally:
        # Each container's end starts a podman of its own, which still cleans up.
        wait_until(lambda: not any(str(directory) in " ".join(arguments(p)) for p in all_pids()))


def _import_image(words: Sequence[str], busybox: Path, directory: Path) -> None:
    archive = directory / "image.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(busybox.resolve(), "bin/busybox")
        for name in ("sh", "sleep", "false"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    subprocess.run([*words, "import", archive, _IMAGE], check=True, capture_output=True)
