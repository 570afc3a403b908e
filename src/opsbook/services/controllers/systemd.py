"""`systemd`: a unit of systemd, controlled over D-Bus (org.freedesktop.systemd1(5))."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus
from pydantic import Field, PrivateAttr, StringConstraints

from opsbook.book.fields import Duration
from opsbook.core.procfs import ProcessIdentity, identify
from opsbook.services.controller import Controller, ControllerError
from opsbook.services.model import Death, Instance, how_it_ended
from opsbook.services.pidfd import process_end

logger = logging.getLogger(__name__)

_SYSTEMD = "org.freedesktop.systemd1"
_MANAGER = "/org/freedesktop/systemd1"
_ANSWER_WITHIN = 10.0
_STATUS_WITHIN = 0.5
"""Systemd learns of a death a moment after the pidfd told it, and starts nothing before."""
_LOOK_AT_STATUS = 0.003
_LOOK_AGAIN = 2.0
"""A lost bus tells of nothing: look without being told this often."""

_CLD_EXITED = 1
_NO_SERVICE = {"MainPID": 0, "ExecMainPID": 0, "ExecMainCode": 0, "Result": ""}
"""Units of other types have none of these."""
_UP = ("active", "reloading", "refreshing")
_ENDED = ("inactive", "failed")

Unit = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:_.\\@-]+\.[a-z]+$", max_length=255)]
State = dict[str, Any]


class Systemd(Controller):
    """Starts, stops and watches a unit; a death is seen by its main process or by a signal."""

    unit: Unit
    """The unit's whole name: `api.service`."""
    scope: Literal["system", "user"] = "system"
    """Whether it belongs to the machine or to the user that Opsbook runs as."""
    bus: str | None = None
    """Address of the D-Bus bus, where it is not the usual one: `unix:path=…`."""
    within: Duration = Field(default=120.0, gt=0)
    """How long starting and stopping may take; systemd kills after its `TimeoutStopSec`."""

    _connection: MessageBus | None = PrivateAttr(default=None)
    _connecting: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)
    _listeners: list[asyncio.Queue[Message]] = PrivateAttr(default_factory=list)

    @property
    def subject(self) -> str:
        return self.unit

    async def running(self) -> Instance | None:
        return self._instance(await self._state())

    async def start(self) -> Instance:
        try:
            async with asyncio.timeout(self.within):
                while (state := await self._state())["ActiveState"] in _UP:
                    if found := self._instance(state):
                        return found
                    # It has not yet seen the main process die.
                    await asyncio.sleep(_LOOK_AT_STATUS)
                # A start would sit out the unit's `RestartSec`.
                waits = state["SubState"].startswith("auto-restart")
                await self._job("RestartUnit" if waits else "StartUnit")
                return await self._started()
        except TimeoutError:
            raise self._error(f"did not start within {self.within:g} s") from None

    async def stop(self) -> None:
        state = await self._state()
        if state["ActiveState"] in _ENDED:
            return
        process = identify(state["MainPID"]) if state["MainPID"] else None
        try:
            async with asyncio.timeout(self.within):
                await self._job("StopUnit")
                if process is not None:
                    await process_end(process)
        except TimeoutError:
            raise self._error(f"did not stop within {self.within:g} s") from None

    async def reload(self) -> None:
        """Systemd refuses where the unit has no `ExecReload`, or does not run."""
        try:
            async with asyncio.timeout(self.within):
                await self._job("ReloadUnit")
        except TimeoutError:
            raise self._error(f"did not reload within {self.within:g} s") from None

    async def death(self, instance: Instance) -> Death:
        if instance.process is None:
            return await self._death_by_signal()
        invocation = await self._invocation()
        process: ProcessIdentity | None = instance.process
        while process is not None:
            await process_end(process)
            how, process = await self._after(process, invocation)
        return Death(how)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()
            with contextlib.suppress(Exception):  # of whatever kind, it is closed after it
                async with asyncio.timeout(1):
                    await connection.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def _started(self) -> Instance:
        while (state := await self._state())["ActiveState"] in _UP:
            if found := self._instance(state):
                return found
            # It has not yet seen that the main process is dead already.
            await asyncio.sleep(_LOOK_AT_STATUS)
        raise self._error(f"ended at once: {_ending(state)}")

    async def _death_by_signal(self) -> Death:
        """For units without a main process: systemd says when one stops being active."""
        with self._listening() as heard:
            while True:
                try:
                    state = await self._state()
                    if state["ActiveState"] in _ENDED:
                        return Death(f"became {state['ActiveState']} ({state['SubState']})")
                except ControllerError as error:
                    # Who cannot be asked has not said that it died.
                    logger.warning("%s", error)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_AGAIN):
                        await heard.get()

    async def _after(
        self, process: ProcessIdentity, invocation: bytes
    ) -> tuple[str, ProcessIdentity | None]:
        """How the main process ended, and to which other one it had handed the unit over."""
        with contextlib.suppress(TimeoutError, ControllerError):
            async with asyncio.timeout(_STATUS_WITHIN):
                while True:
                    state = await self._state()
                    if state["ExecMainPID"] == process.pid and state["ExecMainCode"]:
                        return _ending(state), None
                    if state["MainPID"] not in (0, process.pid):
                        same = state["InvocationID"] == invocation
                        return how_it_ended(None), identify(state["MainPID"]) if same else None
                    await asyncio.sleep(_LOOK_AT_STATUS)
        return how_it_ended(None), None

    async def _invocation(self) -> bytes:
        """Which run of the unit this is; nothing where systemd does not answer at once."""
        with contextlib.suppress(TimeoutError, ControllerError):
            async with asyncio.timeout(_STATUS_WITHIN):
                return bytes((await self._state())["InvocationID"])
        return b""

    def _instance(self, state: State) -> Instance | None:
        pid = state["MainPID"]
        if not pid:
            return Instance(self.unit, None) if state["ActiveState"] in _UP else None
        if state["ActiveState"] not in (*_UP, "activating"):
            return None
        process = identify(pid)
        alive = process is not None and process.alive()
        return Instance(f"{self.unit}, pid {pid}", process) if alive else None

    async def _job(self, method: str) -> None:
        """Have systemd do something and wait until it is done. Raises ControllerError."""
        with self._listening() as heard:
            (job,) = await self._call(_MANAGER, f"{_SYSTEMD}.Manager", method, self.unit, "replace")
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_AGAIN):
                        message = await heard.get()
                        if message.member == "JobRemoved" and message.body[1] == job:
                            break
                if self._connection is None or not self._connection.connected:
                    raise self._error(f"the bus was lost while waiting for {method}")
        if (result := message.body[3]) != "done":
            ending = _ending(await self._state())
            raise self._error(f"systemd says of {method}: {result} ({ending})")

    async def _state(self) -> State:
        """What systemd knows of the unit. Raises ControllerError if there is no such unit."""
        (path,) = await self._call(_MANAGER, f"{_SYSTEMD}.Manager", "LoadUnit", self.unit)
        # Of all interfaces at once: two answers would show two moments of the unit's life.
        (found,) = await self._call(path, "org.freedesktop.DBus.Properties", "GetAll", "")
        state = {name: variant.value for name, variant in found.items()}
        if state["LoadState"] != "loaded":
            reason = state["LoadError"][1] or state["LoadState"]
            raise self._error(f"systemd cannot use this unit: {reason}")
        return {**_NO_SERVICE, **state}

    async def _call(self, path: str, interface: str, member: str, *words: str) -> list[Any]:
        """What a method returns. Raises ControllerError with what systemd said."""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                connection = await self._connected()
                return await _ask(connection, _SYSTEMD, path, interface, member, *words)
        except TimeoutError:
            raise self._error(f"the {self.scope} bus does not answer") from None
        except DBusError as error:
            raise self._error(f"systemd says of {member}: {error.text}") from None
        except Exception as error:  # the library passes on whatever the socket raises
            reason = str(error) or type(error).__name__
            raise self._error(f"cannot reach systemd on the {self.scope} bus: {reason}") from None

    async def _connected(self) -> MessageBus:
        async with self._connecting:
            if self._connection is None or not self._connection.connected:
                self._connection = None
                kind = BusType.SYSTEM if self.scope == "system" else BusType.SESSION
                connection = await MessageBus(self._address(), kind).connect()
                try:
                    await self._subscribe(connection)
                except BaseException:
                    connection.disconnect()
                    raise
                self._connection = connection
            return self._connection

    async def _subscribe(self, connection: MessageBus) -> None:
        connection.add_message_handler(self._hear)
        rule = f"type='signal',sender='{_SYSTEMD}'"
        bus = "org.freedesktop.DBus"
        for filtered in (
            f"{rule},interface='{_SYSTEMD}.Manager',member='JobRemoved'",
            f"{rule},path='{_MANAGER}/unit/{_escaped(self.unit)}',member='PropertiesChanged'",
        ):
            await _ask(connection, bus, "/org/freedesktop/DBus", bus, "AddMatch", filtered)
        await _ask(connection, _SYSTEMD, _MANAGER, f"{_SYSTEMD}.Manager", "Subscribe")

    def _address(self) -> str | None:
        if self.bus is not None or self.scope == "system":
            return self.bus
        directory = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
        return os.environ.get("DBUS_SESSION_BUS_ADDRESS") or f"unix:path={directory}/bus"

    def _hear(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        for listener in self._listeners:
            listener.put_nowait(message)

    @contextlib.contextmanager
    def _listening(self) -> Iterator[asyncio.Queue[Message]]:
        """Signals from now on, so that none is missed between asking and waiting."""
        heard: asyncio.Queue[Message] = asyncio.Queue()
        self._listeners.append(heard)
        try:
            yield heard
        finally:
            self._listeners.remove(heard)

    def _error(self, what: str) -> ControllerError:
        return ControllerError(f"{self.unit}: {what}")


async def _ask(
    connection: MessageBus, name: str, path: str, interface: str, member: str, *words: str
) -> list[Any]:
    """Call a method whose parameters are all strings. Raises DBusError if it answers so."""
    reply = await connection.call(
        Message(
            destination=name,
            path=path,
            interface=interface,
            member=member,
            signature="s" * len(words),
            body=list(words),
        )
    )
    if reply.message_type is MessageType.ERROR:
        text = reply.body[0] if reply.body else reply.error_name
        raise DBusError(reply.error_name or "", str(text), reply)
    return list(reply.body)


def _ending(state: State) -> str:
    """How the main process of the last run ended, and what systemd makes of it."""
    code, status = state["ExecMainCode"], state.get("ExecMainStatus", 0)
    if not code:
        return f"{state['ActiveState']}, {state['Result'] or state['SubState']}"
    how = how_it_ended(status if code == _CLD_EXITED else -status)
    return (
        how
        if state["Result"] in ("", "success", "exit-code", "signal")
        else (f"{how} ({state['Result']})")
    )


def _escaped(unit: str) -> str:
    """A unit's name as it stands in its object path: what is no letter or digit as `_2e`."""
    return "".join(
        letter
        if letter.isascii() and letter.isalnum() and (index or not letter.isdigit())
        else f"_{ord(letter):02x}"
        for index, letter in enumerate(unit)
    )
