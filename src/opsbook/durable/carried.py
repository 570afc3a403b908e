"""A run from inside, the same over every engine: steps, signals, cancellation."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from opsbook.durable.gate import Gate
from opsbook.durable.model import Cancellation, StepInfo, StepState
from opsbook.durable.port import (
    Run,
    RunCancelledError,
    SignalTimeoutError,
    StepFailedError,
)
from opsbook.durable.values import Json, plain


class Checkpoints(Protocol):
    """The two things an engine records for a run, in the order in which it comes by."""

    async def once(self, name: str, body: Callable[[], Awaitable[Json]]) -> Json:
        """What the body returned when it was first carried to its end."""
        ...

    async def receive(self, within: float) -> Json:
        """The next message to the run, or None if none came in so many seconds."""
        ...


class CarriedRun(Run):
    """A life of a run. What it decides on is recorded, so that the next life decides the same."""

    def __init__(self, run_id: str, round_: int, checkpoints: Checkpoints, gate: Gate) -> None:
        self.id = run_id
        self.round = round_
        self.stopping = asyncio.Event()
        self._checkpoints = checkpoints
        self._gate = gate
        self._names: set[str] = set()
        self._unheard: list[Mapping[str, Any]] = []
        self._cancellation: Cancellation | None = None
        self._told = False
        self._busy = False

    def stop(self, cancellation: Cancellation) -> None:
        """Let it end before its next step."""
        self._cancellation = cancellation
        self.stopping.set()

    async def step(self, name: str, action: Callable[[], Awaitable[Json]]) -> Json:
        return await self._once(name, action)

    async def wait_for(self, signal: str, within: float) -> Json:
        name = f"wait:{signal}"
        deadline = await self._deadline(name, within)
        while True:
            for message in self._unheard:
                if message["signal"] == signal:
                    self._unheard.remove(message)
                    value: Json = message["value"]
                    return value
            if not await self._hear(name, deadline):
                raise SignalTimeoutError(f"{signal} did not come within {within:g} s")

    async def sleep(self, name: str, seconds: float) -> None:
        name = f"wait:{name}"
        deadline = await self._deadline(name, seconds)
        while await self._hear(name, deadline):
            pass

    async def _deadline(self, name: str, within: float) -> float:
        async def compute() -> Json:
            return time.time() + within

        deadline = await self._once(name, compute)
        assert isinstance(deadline, float)
        return deadline

    async def _hear(self, name: str, deadline: float) -> bool:
        """Keep the next message; False at the deadline."""
        message = await self._checkpoints.receive(max(0.0, deadline - time.time()))
        if message is None:
            return False
        assert isinstance(message, Mapping)
        if "cancel" not in message:
            self._unheard.append(message)
        elif not self._told:
            raise self._cancelled(message["cancel"], name)
        return True

    async def _once(self, name: str, action: Callable[[], Awaitable[Json]]) -> Json:
        if name in self._names:
            raise ValueError(f"run {self.id} has two steps named {name!r}")
        if self._busy:
            raise ValueError(f"run {self.id}: step {name!r} begins before another has ended")
        self._names.add(name)
        self._busy = True
        try:
            envelope = await self._checkpoints.once(name, lambda: self._outcome(action))
        finally:
            self._busy = False
        assert isinstance(envelope, Mapping)
        match envelope["state"]:
            case StepState.SUCCEEDED:
                return envelope["result"]
            case StepState.FAILED:
                raise StepFailedError(name, str(envelope["kind"]), str(envelope["error"]))
            case _:
                raise self._cancelled(envelope["cancel"], name)

    async def _outcome(self, action: Callable[[], Awaitable[Json]]) -> Json:
        async with self._gate.passage():
            if self._cancellation is not None and not self._told:
                return {"state": StepState.CANCELLED, "cancel": told(self._cancellation)}
            try:
                return {"state": StepState.SUCCEEDED, "result": plain(await action())}
            except Exception as error:
                return {
                    "state": StepState.FAILED,
                    "kind": type(error).__name__,
                    "error": plain(str(error) or type(error).__name__),
                }

    def _cancelled(self, message: Any, step: str) -> RunCancelledError:
        cancellation = Cancellation(**message)
        # Of what follows, nothing is kept from happening: it is there to tidy up.
        self._told = True
        self.stop(cancellation)
        return RunCancelledError(cancellation, step)


def told(cancellation: Cancellation) -> dict[str, Json]:
    """A cancellation as it is recorded."""
    return {
        "by": plain(cancellation.by),
        "reason": plain(cancellation.reason),
        "expired": cancellation.expired,
    }


def step_info(name: str, envelope: Any, started_at: float, ended_at: float) -> StepInfo:
    """A step from what `CarriedRun` recorded of it."""
    state = StepState(envelope["state"])
    result, error = envelope.get("result"), envelope.get("error")
    return StepInfo(name, state, result, error, started_at, ended_at)
