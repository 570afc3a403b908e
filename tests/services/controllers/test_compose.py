"""The `compose` controller against a real Docker API, spoken by podman."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from opsbook.services.controller import ControllerError, Home
from opsbook.services.model import Instance
from tests.servers.docker import Docker, docker
from tests.servers.loopback import answering
from tests.services.controllers.bound import ENDS_WHEN_RELOADED, bound
from tests.services.controllers.contract import (
    ControllerContract,
    Settings,
    controlling,
    freeing,
    killed,
    main_pid,
)

OBEDIENT = ["sh", "-c", "trap exit TERM; sleep 1000 & wait"]
"""The first process of a container ends by a signal only if it handles it."""
STUBBORN = ["sh", "-c", "trap '' TERM; exec sleep 1000"]

Declare = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[Docker]:
    with tempfile.TemporaryDirectory() as directory, docker(Path(directory)) as it:
        yield it


class TestCompose(ControllerContract):
    kind: ClassVar[str] = "compose"
    killed: ClassVar[str] = "exited with 137, as after SIGKILL"
    killed_later: ClassVar[str] = "exited with 137, as after SIGKILL"

    @pytest.fixture
    def declare(self, server: Docker) -> Iterator[Declare]:
        """Creates a container as compose does; returns settings for its service."""
        created: list[str] = []

        def make(command: Sequence[str], copies: int = 1, **labels: str) -> dict[str, Any]:
            project = f"p{uuid4().hex[:8]}"
            created.extend(server.create(project, "api", command, **labels) for _ in range(copies))
            return settings(server, project)

        yield make
        for container in created:
            server.remove(container)

    @pytest.fixture
    def service(self, declare: Declare) -> Settings:
        return declare(OBEDIENT)

    @pytest.fixture
    def stubborn(self, declare: Declare) -> Settings:
        return {**declare(STUBBORN), "stop_grace": "1s"}

    @pytest.fixture
    def missing(self, server: Docker) -> Settings:
        return settings(server, "no-such-project")

    @pytest.fixture
    def reloadable(self, declare: Declare) -> Settings:
        script = f"trap exit TERM; {ENDS_WHEN_RELOADED}"
        return {**declare(["sh", "-c", script]), "reload_signal": "HUP"}

    @pytest.fixture
    def scalable(
        self, server: Docker, declare: Declare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Settings:
        _stand_in(tmp_path, monkeypatch)
        return {**declare(OBEDIENT), "file": str(tmp_path / "compose.yaml")}

    async def test_an_exit_code_is_told(self, declare: Declare, home: Home) -> None:
        failing = declare(["sh", "-c", "sleep 0.5; exit 3"])
        async with controlling(bound("compose", failing, home)) as controller:
            started = await controller.start()
            async with asyncio.timeout(3):
                assert (await controller.death(started)).how == "exited with 3"

    async def test_a_program_that_is_not_in_the_image_is_told(
        self, declare: Declare, home: Home
    ) -> None:
        async with freeing(bound("compose", declare(["/no/such/program"]), home)) as controller:
            with pytest.raises(ControllerError, match=r"the Docker daemon says: .*no/such/program"):
                await controller.start()

    async def test_a_death_that_only_the_daemon_can_see_is_an_event(
        self, service: Settings, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "opsbook.services.controllers.compose._is_in_container", lambda *_: False
        )
        async with controlling(bound("compose", service, home)) as controller:
            started = await controller.start()
            assert started.process is None
            watch = asyncio.create_task(controller.death(started))
            await asyncio.sleep(0.5)
            assert not watch.done()
            os.kill(int(started.name.rpartition(" ")[2]), signal.SIGKILL)
            async with asyncio.timeout(1.5):
                assert self.killed in (await watch).how

    async def test_a_death_before_it_is_watched_is_not_missed(
        self, service: Settings, home: Home
    ) -> None:
        async with controlling(bound("compose", service, home)) as controller:
            started = await controller.start()
            os.kill(main_pid(started), signal.SIGKILL)
            await asyncio.sleep(0.5)
            unseen = Instance(started.name, None)
            async with asyncio.timeout(1):
                assert self.killed in (await controller.death(unseen)).how

    async def test_a_container_that_was_removed_has_died(
        self, server: Docker, declare: Declare, home: Home
    ) -> None:
        async with controlling(bound("compose", declare(OBEDIENT), home)) as controller:
            started = await controller.start()
            watch = asyncio.create_task(controller.death(started))
            await asyncio.sleep(0.2)
            name = started.name.partition(",")[0]
            await asyncio.to_thread(server.remove, name)
            async with asyncio.timeout(3):
                assert (await watch).how
            assert await controller.running() is None

    async def test_a_oneoff_container_is_not_the_service(
        self, declare: Declare, home: Home
    ) -> None:
        oneoff = bound("compose", declare(OBEDIENT, oneoff="True"), home)
        with pytest.raises(ControllerError, match="has no container of it"):
            await oneoff.start()
        await oneoff.close()

    async def test_several_containers_are_started_and_stopped_together(
        self, declare: Declare, home: Home
    ) -> None:
        async with controlling(bound("compose", declare(OBEDIENT, copies=3), home)) as controller:
            await controller.start()
            assert await controller.replicas() == 3
            await controller.stop()
            assert await controller.replicas() == 0

    async def test_the_death_of_one_of_several_is_told_and_a_start_brings_it_back(
        self, server: Docker, declare: Declare, home: Home
    ) -> None:
        several = declare(OBEDIENT, copies=2)
        async with controlling(bound("compose", several, home)) as controller:
            started = await controller.start()
            watch = asyncio.create_task(controller.death(started))
            await asyncio.sleep(0.5)
            assert not watch.done()
            os.kill(other_pid(server, several["project"], main_pid(started)), signal.SIGKILL)
            async with asyncio.timeout(3):
                assert self.killed in (await watch).how
            assert await controller.start() == started
            assert await controller.replicas() == 2

    async def test_a_missing_container_is_created_from_the_file(
        self, server: Docker, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _stand_in(tmp_path, monkeypatch)
        created = {**settings(server, "created"), "file": str(tmp_path / "compose.yaml")}
        async with controlling(bound("compose", created, home)) as controller:
            assert (await controller.start()).process is not None
        asked = json.loads((tmp_path / "asked").read_text())
        assert asked["words"] == [
            *("compose", "-f", f"{tmp_path}/compose.yaml", "-p", "created"),
            *("--project-directory", str(tmp_path)),
            *("up", "-d", "--no-deps", "--no-build", "api"),
        ]
        assert asked["host"] == f"unix://{server.socket}"

    async def test_what_compose_said_when_it_failed_is_told(
        self, server: Docker, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "docker").write_text("#!/bin/sh\necho no such service: api >&2\nexit 14\n")
        (tmp_path / "docker").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        wanted = {**settings(server, "wanted"), "file": str(tmp_path / "compose.yaml")}
        async with freeing(bound("compose", wanted, home)) as controller:
            with pytest.raises(ControllerError, match="exited with 14: no such service: api"):
                await controller.start()

    async def test_a_missing_docker_program_is_told(
        self, server: Docker, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        wanted = {**settings(server, "wanted"), "file": "compose.yaml"}
        async with freeing(bound("compose", wanted, home)) as controller:
            with pytest.raises(ControllerError, match=r"docker, which would .*, is missing"):
                await controller.start()

    async def test_the_socket_is_that_of_docker_host(
        self, server: Docker, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{server.socket}")
        async with freeing(bound("compose", {"project": "p", "service": "s"}, home)) as controller:
            assert await controller.running() is None

    async def test_a_docker_host_that_is_no_socket_is_told(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
        with pytest.raises(ControllerError, match="DOCKER_HOST names no Unix socket"):
            await bound("compose", {"project": "p", "service": "s"}, home).running()

    async def test_a_daemon_that_is_not_there_is_told(self, home: Home, tmp_path: Path) -> None:
        wrong = {"project": "p", "service": "s", "socket": str(tmp_path / "none")}
        async with freeing(bound("compose", wrong, home)) as controller:
            with pytest.raises(ControllerError, match=f"p/s: cannot reach .*{tmp_path}/none"):
                await controller.running()

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"no HTTP",
            b"HTTP/1.1 200 OK\r\n\r\n<html>",
            b"HTTP/1.1 200 OK\r\n\r\n[1]",
            b'HTTP/1.1 200 OK\r\n\r\n[{"Id": "x", "Labels": null}]',
            b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 5_000_000,
            b'HTTP/1.1 500 Internal Server Error\r\n\r\n{"message": "disk full"}',
        ],
    )
    async def test_a_strange_daemon_is_told(self, home: Home, answer: bytes) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                await answering(answer)(reader, writer)
            writer.close()

        with tempfile.TemporaryDirectory() as directory:
            socket = Path(directory, "s")
            strange = await asyncio.start_unix_server(handle, socket)
            settings = {"project": "p", "service": "s", "socket": str(socket)}
            controller = bound("compose", settings, home)
            before = time.monotonic()
            with pytest.raises(ControllerError, match="p/s: "):
                await controller.running()
            assert time.monotonic() - before < 3
            await controller.close()
            strange.close()

    async def test_a_lost_stream_of_events_is_no_death(
        self, service: Settings, home: Home, tmp_path: Path
    ) -> None:
        async with controlling(bound("compose", service, home)) as controller:
            started = await controller.start()
            lost = bound("compose", {**service, "socket": str(tmp_path / "none")}, home)
            watch = asyncio.create_task(lost.death(started))
            await asyncio.sleep(0.3)
            assert not watch.done()
            await killed(controller, started)
            async with asyncio.timeout(1):
                assert (await watch).how == "ended; its exit status is not known"
            await lost.close()


_STAND_IN = textwrap.dedent("""\
    #!{python}
    import json, os, pathlib, sys
    from tests.servers.docker import Docker
    host = os.environ["DOCKER_HOST"]
    words = sys.argv[1:]
    pathlib.Path("{asked}").write_text(json.dumps({{"words": words, "host": host}}))
    server = Docker(pathlib.Path(host.removeprefix("unix://")))
    project = words[words.index("-p") + 1]
    wanted = int(words[words.index("--scale") + 1].partition("=")[2]) if "--scale" in words else 1
    there = server.of(project)
    for number in range(len(there), wanted):
        labels = {{"container-number": str(number + 1)}}
        container = server.create(project, "api", ["sleep", "1000"], **labels)
        server.ask("POST", f"/containers/{{container}}/start")
    for container in there[wanted:]:
        server.remove(container)
""")


def _stand_in(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No registry, no compose plug-in: a program of that name does what it is asked to."""
    program = directory / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(_STAND_IN.format(python=sys.executable, asked=directory / "asked"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


def other_pid(server: Docker, project: str, main: int) -> int:
    """The main process of another container of the project."""
    inspected = [server.ask("GET", f"/containers/{each}/json") for each in server.of(project)]
    return next(pid for each in inspected if (pid := int(each["State"]["Pid"])) != main)


def settings(server: Docker, project: str) -> dict[str, Any]:
    return {
        "project": project,
        "service": "api",
        "socket": str(server.socket),
        "stop_grace": "1s",
    }
