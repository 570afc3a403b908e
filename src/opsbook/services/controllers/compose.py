"""`compose`: one service of a compose project, through the Docker API on its Unix socket."""

import asyncio
import contextlib
import json
import logging
import math
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import httpx2
from pydantic import Field, PrivateAttr, StringConstraints

from opsbook.book.fields import BookPath, Duration
from opsbook.core.procfs import identify
from opsbook.core.secrets import mask
from opsbook.services.controller import Controller, ControllerError, ReloadSignal
from opsbook.services.execute import execute
from opsbook.services.model import Death, Instance, how_it_ended
from opsbook.services.output import Output
from opsbook.services.pidfd import process_end

logger = logging.getLogger(__name__)

_STANDARD_SOCKET = Path("/var/run/docker.sock")
_LARGEST_ANSWER = 4 * 1024 * 1024
_ANSWER_WITHIN = 10.0
_STATUS_WITHIN = 0.5
"""The daemon learns of a death a moment after the pidfd told it, and starts nothing before."""
_LOOK_AT_STATUS = 0.02
_LOOK_AGAIN = 2.0
"""The pause before a lost stream of events is opened again."""

_LABEL = "com.docker.compose"
_DONE = (204, 304)
"""304: it was so already."""

ComposeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


@dataclass(frozen=True, slots=True)
class _Container:
    """What the daemon knows of a container."""

    id: str
    name: str
    runs: bool
    pid: int
    """0 while it does not run, and while the daemon waits to restart it."""
    exit_code: int
    out_of_memory: bool


class Compose(Controller):
    """Starts, stops and watches a service's containers; a death is an event of the daemon.

    Where there are several, the one with the lowest number stands for the service, and the
    death of any of them is its death: a start brings back those that are missing.
    """

    scales_by: ClassVar[str] = "`file`"

    project: ComposeName
    """The name of the compose project."""
    service: ComposeName
    """The service in it."""
    file: BookPath | None = None
    """The compose file from which the container is created where there is none."""
    socket: BookPath | None = None
    """The daemon's socket: otherwise DOCKER_HOST, otherwise `/var/run/docker.sock`."""
    reload_signal: ReloadSignal | None = None
    """The signal on which its main process reads its configuration again. One that does not
    handle it may end by it."""
    stop_grace: Duration = 10.0
    """How long it may take to stop before it is killed; whole seconds."""
    within: Duration = Field(default=300.0, gt=0)
    """How long creating, starting and scaling may take."""

    _client: httpx2.AsyncClient | None = PrivateAttr(default=None)
    _here: bool = PrivateAttr(default=False)
    """Whether the daemon's processes were seen to be processes of this machine."""
    _together: frozenset[str] = PrivateAttr(default=frozenset())
    """The containers that ran when it was last started, adopted or scaled."""

    @property
    def subject(self) -> str:
        return f"{self.project}/{self.service}"

    @property
    def can_scale(self) -> bool:
        return self.file is not None

    async def running(self) -> Instance | None:
        containers = await self._containers()
        found = self._instance(containers[0]) if containers else None
        if found is not None:
            self._together = _running(containers)
        return found

    async def start(self) -> Instance:
        try:
            async with asyncio.timeout(self.within):
                found = await self._start()
        except TimeoutError:
            raise self._error(f"did not start within {self.within:g} s") from None
        self._together = _running(await self._containers())
        return found

    async def stop(self) -> None:
        running = [container for container in await self._containers() if container.runs]
        stopping = (self._stop(container) for container in running)
        for refused in await asyncio.gather(*stopping, return_exceptions=True):
            if refused is not None:
                raise refused

    async def reload(self) -> None:
        if self.reload_signal is None:
            raise self._error("say with `reload_signal` how it is reloaded")
        running = [container for container in await self._containers() if container.runs]
        if not running:
            raise self._error("does not run")
        for container in running:
            path = f"/containers/{container.id}/kill"
            await self._post(path, within=_ANSWER_WITHIN, signal=f"SIG{self.reload_signal}")

    async def scale(self, replicas: int) -> None:
        if self.file is None:
            await super().scale(replicas)
        await self._compose("--no-recreate", "--scale", f"{self.service}={replicas}")

    async def replicas(self) -> int | None:
        return sum(container.runs for container in await self._containers())

    async def death(self, instance: Instance) -> Death:
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(self._told(instance))]
        if instance.process is not None:
            waits.append(asyncio.create_task(process_end(instance.process)))
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        for wait in done:
            wait.result()
        return Death(await self._how(instance))

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _stop(self, container: _Container) -> None:
        instance = self._instance(container)
        grace = math.ceil(self.stop_grace)
        await self._post(
            f"/containers/{container.id}/stop", within=grace + _ANSWER_WITHIN, t=str(grace)
        )
        if instance is not None and instance.process is not None:
            try:
                async with asyncio.timeout(_ANSWER_WITHIN):
                    await process_end(instance.process)
            except TimeoutError:
                raise self._error("the daemon calls it stopped, but its process lives") from None

    async def _start(self) -> Instance:
        while (containers := await self._containers()) and containers[0].runs:
            if found := self._instance(containers[0]):
                await self._start_all(containers[1:])
                return found
            # The daemon has not yet seen the main process die, or is about to restart it.
            await asyncio.sleep(_LOOK_AT_STATUS)
        if containers:
            await self._start_all(containers)
        else:
            await self._create()
        container = await self._container()
        found = self._instance(container)
        if found is None:
            ending = _ending(container) if container else "its container is gone"
            raise self._error(f"ended at once: {ending}")
        return found

    async def _start_all(self, containers: Sequence[_Container]) -> None:
        for container in containers:
            if not container.runs:
                await self._post(f"/containers/{container.id}/start", within=self.within)

    async def _create(self) -> None:
        if self.file is None:
            raise self._error(
                f"the Docker daemon at {self._socket()} has no container of it; "
                "give `file` to have one created"
            )
        await self._compose()

    async def _compose(self, *options: str) -> None:
        """`docker compose up` of this service alone. Raises ControllerError."""
        assert self.file is not None
        if shutil.which("docker") is None:
            raise self._error("docker, which would create its containers, is missing")
        words = ["docker", "compose", "-f", str(self.file), "-p", self.project]
        words += ["--project-directory", str(self.file.parent)]
        words += ["up", "-d", "--no-deps", "--no-build", *options, self.service]
        surroundings = {"DOCKER_HOST": f"unix://{self._socket()}"}
        output = Output(self.home.logs / f"{self.home.service}.log")
        code, said = await execute(words, self.file.parent, surroundings, output, self.within)
        if code != 0:
            raise self._error(f"docker compose up {how_it_ended(code)}: {mask(said)}")

    async def _told(self, instance: Instance) -> None:
        """Wait until the daemon says that the instance is over."""
        # Podman filters by its own word for it.
        filters = {**self._labels(), "type": ["container"], "event": ["die", "died"]}
        while True:
            try:
                since = f"{time.time():.9f}"
                if await self._is_over(instance):
                    return
                # Some daemons answer only with the first event: `since` brings what is missed.
                stream = self._stream("GET", "/events", filters=json.dumps(filters), since=since)
                async with stream as answer:
                    async for _ in answer.aiter_raw():
                        if await self._is_over(instance):
                            return
            except ControllerError as error:
                # Who cannot be asked has not said that it died.
                logger.warning("%s", error)
            await asyncio.sleep(_LOOK_AGAIN)

    async def _is_over(self, instance: Instance) -> bool:
        containers = await self._containers()
        first = self._instance(containers[0]) if containers else None
        return first != instance or not self._together <= _running(containers)

    async def _how(self, instance: Instance) -> str:
        with contextlib.suppress(TimeoutError, ControllerError):
            async with asyncio.timeout(_STATUS_WITHIN):
                while True:
                    containers = await self._containers()
                    if not self._together <= {container.id for container in containers}:
                        return "its container was removed"
                    for container in containers:
                        if container.id in self._together and not container.runs:
                            return _ending(container)
                    if containers and self._instance(containers[0]) not in (None, instance):
                        break
                    await asyncio.sleep(_LOOK_AT_STATUS)
        return how_it_ended(None)

    def _instance(self, container: _Container | None) -> Instance | None:
        if container is None or not container.runs or not container.pid:
            return None
        name = f"{container.name}, pid {container.pid}"
        process = identify(container.pid)
        if process is not None and _is_in_container(container.pid, container.id):
            self._here = True
            return Instance(name, process) if process.alive() else None
        # The daemon may run in a virtual machine, where its numbers mean nothing here.
        return None if self._here else Instance(name, None)

    async def _container(self) -> _Container | None:
        """The container that stands for the service, or None if there is none."""
        return next(iter(await self._containers()), None)

    async def _containers(self) -> list[_Container]:
        """The service's containers in the order of their numbers."""
        filters = json.dumps(self._labels())
        listed = await self._get("/containers/json", all="true", filters=filters)
        try:
            labelled = [(each["Labels"] or {}, str(each["Id"])) for each in listed or []]
            found = sorted(
                (int(labels.get(f"{_LABEL}.container-number") or 1), number)
                for labels, number in labelled
                if labels.get(f"{_LABEL}.oneoff") != "True"
            )
            inspected = [await self._get(f"/containers/{number}/json") for _, number in found]
            return [_read(each) for each in inspected if each]
        except (KeyError, TypeError, ValueError):
            raise self._error(f"{self._socket()} answers like no Docker daemon") from None

    def _labels(self) -> dict[str, list[str]]:
        return {"label": [f"{_LABEL}.project={self.project}", f"{_LABEL}.service={self.service}"]}

    async def _get(self, path: str, **parameters: str) -> Any:
        """The decoded answer, or None where there is nothing of the kind."""
        status, body = await self._ask("GET", path, _ANSWER_WITHIN, parameters)
        if status == 404:
            return None
        if status != 200:
            raise self._refused(status, body)
        try:
            return json.loads(body)
        except ValueError:
            raise self._error(f"{self._socket()} answers with what is no JSON") from None

    async def _post(self, path: str, within: float, **parameters: str) -> None:
        status, body = await self._ask("POST", path, within, parameters)
        if status not in _DONE:
            raise self._refused(status, body)

    async def _ask(
        self, method: str, path: str, within: float, parameters: dict[str, str]
    ) -> tuple[int, bytes]:
        try:
            async with (
                asyncio.timeout(within),
                self._stream(method, path, **parameters) as answer,
            ):
                body = bytearray()
                async for block in answer.aiter_bytes():
                    body += block
                    if len(body) > _LARGEST_ANSWER:
                        raise self._error(f"{self._socket()} answers more than 4 MiB")
        except TimeoutError:
            raise self._error(f"the Docker daemon at {self._socket()} does not answer") from None
        return answer.status_code, bytes(body)

    @contextlib.asynccontextmanager
    async def _stream(
        self, method: str, path: str, **parameters: str
    ) -> AsyncIterator[httpx2.Response]:
        client = self._connected()
        try:
            async with client.stream(method, path, params=parameters) as answer:
                yield answer
        except (httpx2.HTTPError, OSError) as error:
            reason = str(error) or type(error).__name__
            said = f"cannot reach the Docker daemon at {self._socket()}: {reason}"
            raise self._error(said) from None

    def _connected(self) -> httpx2.AsyncClient:
        if self._client is None:
            # A connection kept open would be found dead after each restart of the daemon.
            transport = httpx2.AsyncHTTPTransport(
                uds=str(self._socket()),
                verify=False,
                limits=httpx2.Limits(max_keepalive_connections=0),
            )
            self._client = httpx2.AsyncClient(
                transport=transport, base_url="http://docker", timeout=None, trust_env=False
            )
        return self._client

    def _socket(self) -> Path:
        if self.socket is not None:
            return self.socket
        named = os.environ.get("DOCKER_HOST") or f"unix://{_STANDARD_SOCKET}"
        if not named.startswith("unix://"):
            raise self._error("DOCKER_HOST names no Unix socket; give `socket`")
        return Path(named.removeprefix("unix://"))

    def _refused(self, status: int, body: bytes) -> ControllerError:
        said = body.decode("utf-8", errors="replace").strip()[:1000]
        with contextlib.suppress(ValueError, TypeError, KeyError):
            said = str(json.loads(body)["message"])
        return self._error(f"the Docker daemon says: {said or f'status {status}'}")

    def _error(self, what: str) -> ControllerError:
        return ControllerError(f"{self.subject}: {what}")


def _read(inspected: dict[str, Any]) -> _Container:
    state = inspected["State"]
    return _Container(
        id=str(inspected["Id"]),
        name=str(inspected["Name"]).removeprefix("/"),
        runs=bool(state["Running"]),
        pid=int(state["Pid"]),
        exit_code=int(state["ExitCode"]),
        out_of_memory=bool(state.get("OOMKilled")),
    )


def _ending(container: _Container) -> str:
    """How a container ended: 128 and more may mean a signal, or the program's own choice."""
    code = container.exit_code
    if container.out_of_memory:
        return f"killed for want of memory, exit code {code}"
    with contextlib.suppress(ValueError):
        return f"exited with {code}, as after {signal.Signals(code - 128).name}"
    return how_it_ended(code)


def _running(containers: Sequence[_Container]) -> frozenset[str]:
    return frozenset(container.id for container in containers if container.runs)


def _is_in_container(pid: int, container: str) -> bool:
    """Whether a process is in this container: its control group is named after it."""
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8")
    except OSError:
        return False
