"""`wait-until`: until what steps look at is so, or for a time."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

from opsbook.book.fields import Duration
from opsbook.core.units import format_duration
from opsbook.durable.values import Json
from opsbook.runbooks.action import Action, ActionFailedError
from opsbook.runbooks.context import Context
from opsbook.runbooks.course import Course
from opsbook.runbooks.fitting import fitted_results
from opsbook.runbooks.looking import looked
from opsbook.runbooks.stopping import unless_stopped

if TYPE_CHECKING:
    from opsbook.runbooks.settings import AnyStep, StepSettings

_PLAIN = {"name", "description", "class_", "if_", "within"}
"""What may be said of a step within this one."""


class WaitUntil(Action):
    """Tries steps that only look, again and again, until all of them succeed; or lets time pass.

    How long it tries, the step's own `within` says.
    """

    steps: "list[AnyStep]" = []
    """Steps of class 0 that are tried together."""
    every: Duration = Field(default=1.0, gt=0)
    """From the end of one try to the next."""
    for_: Duration | None = Field(default=None, alias="for", gt=0)
    """Instead of steps, a time to let pass; a restart of Opsbook does not begin it again."""

    gives: ClassVar[Mapping[str, str]] = {
        "tries": "how often it looked",
        "seconds": "how long it took",
        "steps": "the results of the last try, by step",
    }

    @model_validator(mode="after")
    def _steps_or_time(self) -> Self:
        if bool(self.steps) == (self.for_ is not None):
            raise ValueError("give `steps` to try, or a time with `for`, and not both")
        for step in self.steps:
            _check(step)
        return self

    @property
    def subject(self) -> str:
        if self.for_ is not None:
            return f"for {format_duration(self.for_)}"
        return " and ".join(step.action.subject for step in self.steps)[:200]

    async def proceed(self, course: Course) -> dict[str, Json]:
        if self.for_ is None:
            return await course.act(self)
        clock = course.context.hands.clock

        async def look() -> Json:
            return clock.now() + (self.for_ or 0.0)

        until = await course.record("until", look)
        assert isinstance(until, float)

        async def wait() -> Json:
            return await _pause(course.context, until - clock.now())

        if not await course.record("waited", wait):
            raise ActionFailedError(f"{self.subject}: stopped half way")
        return {"seconds": self.for_}

    async def carry_out(self, context: Context) -> dict[str, Json]:
        clock = context.hands.clock
        started = clock.monotonic()
        tries, last = 0, "it was stopped before the first try ended"
        while not context.stopping.is_set():
            tries += 1
            try:
                results = await self._try(context, tries)
                seconds = clock.monotonic() - started
                return {"tries": tries, "seconds": seconds, "steps": fitted_results(results)}
            except ActionFailedError as error:
                last = last if context.stopping.is_set() else str(error)
            if clock.monotonic() - started + self.every >= context.within:
                break
            await _pause(context, self.every)
        raise ActionFailedError(f"{self.subject}: not so at the last of {tries} tries: {last}")

    async def _try(self, context: Context, number: int) -> dict[str, Json]:
        again = replace(context, attempt=f"{context.attempt}.{number}")
        return await unless_stopped(context, self.subject, looked(self.steps, again))


async def _pause(context: Context, seconds: float) -> bool:
    """False if it was stopped meanwhile."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await context.stopping.wait()
    except TimeoutError:
        return True
    return False


def _check(step: "StepSettings") -> None:
    """Raises ValueError for a step that does more than look."""
    around = step.model_fields_set - _PLAIN - {step.kind.replace("-", "_")}
    if around:
        raise ValueError(f"a step that is waited for has no {', '.join(sorted(around))}")
    if step.action_class or (step.class_ is None and step.action.least_class is None):
        raise ValueError(f"{step.kind} is waited for only where its class is 0")
