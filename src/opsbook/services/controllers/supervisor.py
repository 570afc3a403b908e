"""`supervisor`: a program under supervisord, asked through its XML-RPC interface."""

import asyncio
import contextlib
import ipaddress
import logging
import xmlrpc.client
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

import httpx2
from pydantic import Field, PrivateAttr, StringConstraints, model_validator

from opsbook.book.fields import Duration, Secret
from opsbook.core.errors import BadInputError
from opsbook.core.procfs import arguments, identify
from opsbook.services.controller import Controller, ControllerError, ReloadSignal
from opsbook.services.model import Death, Instance, how_it_ended
from opsbook.services.pidfd import process_end

logger = logging.getLogger(__name__)

_LARGEST_ANSWER = 1024 * 1024
_LOOK_AGAIN = 0.05
_LOOK_AT_STATUS = 0.005
_STATUS_WITHIN = 0.5
"""Supervisord learns of a death a moment after the pidfd told it, and starts nothing before."""

_BAD_NAME, _ALREADY_STARTED, _NOT_RUNNING = 10, 60, 70
_FAULTS = {
    _BAD_NAME: "there is no such program",
    20: "its program file does not exist",
    21: "its program file cannot be executed",
    30: "it failed",
    40: "it ended before it counted as started",
    50: "it could not be spawned",
    _NOT_RUNNING: "it does not run",
}
"""What the faults of supervisor's RPC interface mean; it gives little more than their names."""

_ALIVE = ("STARTING", "RUNNING", "STOPPING")
_AT_REST = ("STOPPED", "EXITED", "FATAL")

Url = Annotated[str, StringConstraints(pattern=r"^(unix:///[^\s]+|http://[^\s/@]+(:\d+)?/?)$")]


class Supervisor(Controller):
    """Starts, stops and watches a program of supervisord; a death is seen by its process.

    Supervisord restarts by itself what it was told to. With `autorestart=false` it leaves that
    to Opsbook, and can say how a program ended; otherwise what it restarted is taken over.
    """

    url: Url = "unix:///var/run/supervisor.sock"
    """`unix:///path/supervisor.sock` or `http://127.0.0.1:9001`."""
    program: Annotated[str, Field(min_length=1)]
    """The program, or `group:program`."""
    username: str | None = None
    """Name to sign in with, where supervisord asks for one."""
    password: Secret | None = None
    """The password that goes with it."""
    reload_signal: ReloadSignal = "HUP"
    """The signal on which the program reads its configuration again. One that does not handle
    it ends by it."""
    within: Duration = Field(default=60.0, gt=0)
    """How long starting and stopping may take; supervisord kills after its `stopwaitsecs`."""
    answer_within: Duration = Field(default=5.0, gt=0)
    """How long supervisord may take for any other answer."""
    poll_every: Duration = Field(default=2.0, gt=0)
    """How often it is asked where the process itself cannot be seen: on another machine."""

    _client: httpx2.AsyncClient | None = PrivateAttr(default=None)
    _here: bool | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _signs_in_with_both(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` go together; give both or none")
        return self

    @property
    def subject(self) -> str:
        return self.program

    async def running(self) -> Instance | None:
        return await self._instance(await self._info())

    async def start(self) -> Instance:
        """Supervisord's own `startsecs` are not waited for: the checks prove more, and sooner."""
        try:
            async with asyncio.timeout(self.within):
                while True:
                    info = await self._info()
                    if info["statename"] != "STOPPING" and (found := await self._instance(info)):
                        return found
                    if info["statename"] in _AT_REST:
                        await self._ask_unless(_ALREADY_STARTED, "startProcess", False)
                        return await self._started()
                    # It has not yet seen the last one die, or is about to try again.
                    await asyncio.sleep(_LOOK_AGAIN)
        except TimeoutError:
            raise self._late("did not start") from None

    async def stop(self) -> None:
        try:
            async with asyncio.timeout(self.within):
                while (info := await self._info())["statename"] not in _AT_REST:
                    before = await self._instance(info)
                    await self._ask_unless(_NOT_RUNNING, "stopProcess", True)
                    if before is not None and before.process is not None:
                        await process_end(before.process)
                    await asyncio.sleep(_LOOK_AT_STATUS)
        except TimeoutError:
            raise self._late("did not stop") from None

    async def reload(self) -> None:
        await self._call("signalProcess", self.program, self.reload_signal)

    async def death(self, instance: Instance) -> Death:
        if instance.process is None:
            return await self._polled_death(instance)
        await process_end(instance.process)
        how = how_it_ended(None)
        with contextlib.suppress(TimeoutError, ControllerError):
            async with asyncio.timeout(_STATUS_WITHIN):
                how = await self._how(instance.process.pid)
        return Death(how)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _started(self) -> Instance:
        info = await self._info()
        found = await self._instance(info)
        if found is None:
            raise ControllerError(
                f"{self.program} ended at once; supervisord at {self.url} calls it "
                f"{info['statename']} and keeps its log"
            )
        return found

    async def _polled_death(self, instance: Instance) -> Death:
        while True:
            try:
                info = await self._info()
                if await self._instance(info) != instance:
                    return Death(_ending(info))
            except ControllerError as error:
                # Who cannot be asked has not said that it died.
                logger.warning("%s: %s", self.home.service, error)
            await asyncio.sleep(self.poll_every)

    def _late(self, what: str) -> ControllerError:
        return ControllerError(f"{self.program} at {self.url} {what} within {self.within:g} s")

    async def _how(self, pid: int) -> str:
        """How it ended, once supervisord has noticed."""
        while (info := await self._info())["pid"] == pid:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(_LOOK_AT_STATUS)
        return _ending(info)

    async def _instance(self, info: dict[str, Any]) -> Instance | None:
        pid, state = info["pid"], info["statename"]
        if state == "UNKNOWN":
            raise ControllerError(f"{self.program}: supervisord at {self.url} lost track of it")
        if state not in _ALIVE or not pid:
            return None
        name = f"{self.program}, pid {pid}"
        if not await self._is_here():
            return Instance(name, None)
        process = identify(pid)
        return Instance(name, process) if process is not None and process.alive() else None

    async def _is_here(self) -> bool:
        """Whether the numbers that supervisord tells are numbers of this machine.

        It may be in a container or behind a forwarded port: then its numbers are nobody's
        here, or a stranger's.
        """
        if self._here is None:
            number = await self._call("getPID")
            words = arguments(number)[:3] if isinstance(number, int) else []
            self._here = _is_local(self.url) and any("supervisord" in word for word in words)
        return self._here

    async def _info(self) -> dict[str, Any]:
        info = await self._call("getProcessInfo", self.program)
        try:
            return {"pid": int(info["pid"]), "exitstatus": int(info["exitstatus"])} | {
                "statename": str(info["statename"])
            }
        except (TypeError, KeyError, ValueError):
            raise ControllerError(
                f"{self.program}: {self.url} answers like no supervisord"
            ) from None

    async def _ask_unless(self, expected: int, method: str, wait: bool) -> None:
        """Call a method of which one fault only means that it was done already."""
        try:
            await self._call(method, self.program, wait, within=self.within)
        except ControllerError as error:
            fault = error.__cause__
            if not (isinstance(fault, xmlrpc.client.Fault) and fault.faultCode == expected):
                raise

    async def _call(self, method: str, *parameters: Any, within: float | None = None) -> Any:
        """What a method of supervisor's RPC interface returns. Raises ControllerError."""
        request = xmlrpc.client.dumps(parameters, f"supervisor.{method}").encode()
        try:
            async with asyncio.timeout(within or self.answer_within):
                text = await self._post(request)
        except TimeoutError:
            raise ControllerError(f"{self.program}: {self.url} does not answer") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            reason = str(error) or type(error).__name__
            said = f"{self.program}: cannot reach supervisord at {self.url}: {reason}"
            raise ControllerError(said) from None
        try:
            return _read(text)
        except xmlrpc.client.Fault as fault:
            words = _FAULTS.get(fault.faultCode, "it refused")
            said = f"{self.program}: supervisord at {self.url} says: {words} ({fault.faultString})"
            raise ControllerError(said) from fault
        except Exception:  # a parser fed by a stranger raises whatever it likes
            said = f"{self.program}: {self.url} answers with what is no XML-RPC"
            raise ControllerError(said) from None

    async def _post(self, request: bytes) -> str:
        headers = {"Content-Type": "text/xml"}
        async with self._connected().stream(
            "POST", "/RPC2", content=request, headers=headers
        ) as answer:
            if answer.status_code == 401:
                raise ControllerError(
                    f"{self.program}: supervisord at {self.url} refuses the username or password"
                )
            answer.raise_for_status()
            body = bytearray()
            async for block in answer.aiter_bytes():
                body += block
                if len(body) > _LARGEST_ANSWER:
                    raise ControllerError(f"{self.program}: {self.url} answers more than 1 MiB")
        return body.decode("utf-8", errors="replace")

    def _connected(self) -> httpx2.AsyncClient:
        if self._client is None:
            socket = self.url.removeprefix("unix://") if self.url.startswith("unix:") else None
            # A connection kept open would be found dead after each restart of supervisord.
            transport = httpx2.AsyncHTTPTransport(
                uds=socket, verify=False, limits=httpx2.Limits(max_keepalive_connections=0)
            )
            self._client = httpx2.AsyncClient(
                transport=transport,
                base_url="http://supervisor" if socket else self.url,
                auth=self._login(),
                timeout=None,
                trust_env=False,
            )
        return self._client

    def _login(self) -> httpx2.BasicAuth | None:
        if self.username is None or self.password is None:
            return None
        try:
            return httpx2.BasicAuth(self.username, self.password.reveal())
        except BadInputError as error:
            raise ControllerError(f"{self.program}: {error}") from None


def _read(text: str) -> Any:
    """The value in an XML-RPC answer. Raises Fault, or anything else if it is none."""
    if "<!DOCTYPE" in text:
        # XML-RPC needs none, and entities declared there can make a few bytes fill the memory.
        raise ValueError("a document type")
    (value,), _ = xmlrpc.client.loads(text, use_builtin_types=True)
    return value


def _ending(info: dict[str, Any]) -> str:
    """What supervisord knows: an exit code, -1 for any signal, and 0 where it knows nothing.

    It knows nothing of one that ended within its `startsecs`, or that it started again.
    """
    if info["statename"] not in ("EXITED", "STOPPED"):
        return how_it_ended(None)
    if info["exitstatus"] < 0:
        return "killed by a signal; supervisord does not say by which"
    return how_it_ended(info["exitstatus"])


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname
    if host is None or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
