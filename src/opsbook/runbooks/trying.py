"""One try of one step: what must hold before, what it does, what proves it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import Any

from opsbook.core.errors import BadInputError
from opsbook.core.units import format_duration
from opsbook.durable.values import Json
from opsbook.runbooks.action import Action, ActionFailedError, ActionUnknownError
from opsbook.runbooks.context import Context
from opsbook.runbooks.course import Course
from opsbook.runbooks.envelope import opened, settled
from opsbook.runbooks.life import Life
from opsbook.runbooks.looking import looked
from opsbook.runbooks.place import place
from opsbook.runbooks.settings import StepSettings
from opsbook.runbooks.within import carried_out

_TO_LOOK = 60.0
"""Seconds for all prechecks together, if they say no less themselves."""
_LAST_LOOK = 1.0
"""Seconds for a proof whose deadline passed while nobody was there to look."""


class Around(ABC):
    """The run around a step: what a step that consists of others needs of it."""

    kept: MutableMapping[str, Any]

    @abstractmethod
    async def resumed(self, part: str) -> bool: ...

    @abstractmethod
    async def carry_out(
        self, steps: Sequence[StepSettings], part: str, values: Mapping[str, Any]
    ) -> dict[str, Json]: ...

    @abstractmethod
    async def ask(self, question: str, within: float, signal: str) -> dict[str, Json]: ...

    @abstractmethod
    async def start(self, runbook: str, parameters: Mapping[str, Json]) -> dict[str, Json]: ...


class Elsewhere(Around):
    """Of a step that is carried out for a run of another host, which has no run around it."""

    def __init__(self) -> None:
        self.kept = {}

    async def resumed(self, part: str) -> bool:
        return False

    async def carry_out(
        self, steps: Sequence[StepSettings], part: str, values: Mapping[str, Any]
    ) -> dict[str, Json]:
        raise ActionFailedError("its steps need a host each: `host` cannot stand around them")

    async def ask(self, question: str, within: float, signal: str) -> dict[str, Json]:
        raise ActionFailedError("nobody can be asked from another host: leave `host` out")

    async def start(self, runbook: str, parameters: Mapping[str, Json]) -> dict[str, Json]:
        raise ActionFailedError("a runbook is not run from another host: leave `host` out")


class Try:
    """Its durable steps are `PATH:precheck.N`, `PATH:act.N` and `PATH:verify.N`."""

    def __init__(
        self,
        life: Life,
        step: StepSettings,
        name: str,
        path: str,
        number: int,
        values: Mapping[str, Any],
        around: Around,
    ) -> None:
        self.begun = False
        """Whether something may have been changed."""
        self.found: Json = None
        """What the prechecks found."""
        self.proof: Json = None
        """What the proofs found."""
        self.life, self.step, self.name, self.path = life, step, name, path
        self.number, self.values, self._around = number, values, around
        self._finish = step.action_class > 0 and not step.consists_of_others

    async def carry(self) -> dict[str, Json]:
        """The result. Raises ActionFailedError, ActionUnknownError and RunCancelledError."""
        if self.step.precheck:
            self.found = await self._precheck()
        result = await self._act()
        if self.step.verify is not None:
            self.proof = await self._verify(result)
        return result

    async def _act(self) -> dict[str, Json]:
        course = StepCourse(self.life, self.step, self.path, self.number, self.values)
        course.around = self._around
        course.begins = self._begin
        try:
            return await self.step.action.proceed(course)
        except ActionUnknownError as error:
            if self.step.on_unknown != "probe" or self.step.verify is None:
                raise
            return {"unknown": str(error)}
        except BadInputError as error:
            raise ActionFailedError(str(error)) from None

    def _begin(self) -> None:
        self.begun = True

    async def _precheck(self) -> Json:
        context = self.life.context(place(self.path, "precheck"), f"{self.number}", self.values)

        async def look() -> Json:
            return await settled(lambda: _looked(self.step.precheck, context, _TO_LOOK))

        envelope = await self.life.once(f"{self.path}:precheck.{self.number}", look)
        try:
            return opened(envelope)
        except ActionFailedError as error:
            raise ActionFailedError(f"precheck {error}", error.result) from None

    async def _verify(self, result: Mapping[str, Json]) -> Json:
        values = {**self.values, "steps": {**self.values["steps"], self.name: result}}

        begun = await self._proof_begun()

        async def prove() -> Json:
            return await settled(lambda: self._proven(values, begun))

        name = f"{self.path}:verify.{self.number}"
        return opened(await self.life.once(name, prove, finish=self._finish))

    async def _proof_begun(self) -> float:
        """Recorded, so that a crash does not begin the deadline again."""

        async def look() -> Json:
            return {"at": self.life.hands.clock.now()}

        name = f"{self.path}:proving.{self.number}"
        recorded = await self.life.once(name, look, finish=self._finish)
        assert isinstance(recorded, Mapping)
        return float(str(recorded["at"]))

    async def _proven(self, values: Mapping[str, Any], begun: float) -> dict[str, Json]:
        """Look until all holds; at the deadline, the last that did not."""
        proof = self.step.verify
        assert proof is not None
        loop = asyncio.get_running_loop()
        passed = max(0.0, self.life.hands.clock.now() - begun)
        # Who comes back after the deadline looks once: it may have been well for long.
        deadline = loop.time() + max(proof.within - passed, min(proof.within, _LAST_LOOK))
        path = place(self.path, "verify")
        looks = 0
        while True:
            looks += 1
            context = self.life.context(path, f"{self.number}.{looks}", values, finish=self._finish)
            left = max(deadline - loop.time(), 0.01)
            try:
                return await _looked(proof.steps, context, left)
            except ActionFailedError as error:
                if loop.time() + proof.every >= deadline:
                    raise ActionFailedError(
                        f"not proven within {format_duration(proof.within)}: {error}", error.result
                    ) from None
            await asyncio.sleep(proof.every)


async def _looked(
    steps: Sequence[StepSettings], context: Context, within: float
) -> dict[str, Json]:
    try:
        async with asyncio.timeout(within):
            return await looked(steps, replace(context, within=within))
    except TimeoutError:
        raise ActionFailedError(f"nothing was found within {format_duration(within)}") from None


class StepCourse(Course):
    """The way of a run through one step, each of its looks and acts a durable step."""

    around: Around
    begins: Callable[[], None]
    """Called before the action may change anything."""

    def __init__(
        self, life: Life, step: StepSettings, path: str, number: int, values: Mapping[str, Any]
    ) -> None:
        self.context = life.context(path, str(number), values)
        self._life, self._step, self._path, self._number = life, step, path, number
        self._acts = 0

    async def act(self, action: Action) -> dict[str, Json]:
        self._acts += 1
        again = f".{self._acts}" if self._acts > 1 else ""
        context = self._life.context(self._path, f"{self._number}{again}", self.context.values)

        async def act() -> Json:
            within, changes = self._step.within, self._step.action_class > 0
            return await settled(lambda: carried_out(action, context, within, changes=changes))

        envelope = await self._life.once(f"{self._path}:act.{self._number}{again}", act)
        self.begins()
        return opened(envelope)

    async def record(self, name: str, look: Callable[[], Awaitable[Json]]) -> Json:
        async def record() -> Json:
            return await settled(lambda: _as_result(look))

        envelope = await self._life.once(f"{self._path}:{name}.{self._number}", record)
        return opened(envelope)["found"]

    async def carry_out(
        self, steps: Sequence[StepSettings], part: str, values: Mapping[str, Any]
    ) -> dict[str, Json]:
        return await self.around.carry_out(steps, part, values)

    @property
    def kept(self) -> MutableMapping[str, Any]:
        return self.around.kept

    async def resumed(self, part: str) -> bool:
        return await self.around.resumed(part)

    async def ask(self, question: str, within: float, signal: str) -> dict[str, Json]:
        return await self.around.ask(question, within, signal)

    async def start(self, runbook: str, parameters: Mapping[str, Json]) -> dict[str, Json]:
        return await self.around.start(runbook, parameters)


async def _as_result(look: Callable[[], Awaitable[Json]]) -> dict[str, Json]:
    return {"found": await look()}
