"""Steps of class 0 carried out at once, for prechecks, proofs and dry runs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from opsbook.durable.values import Json
from opsbook.runbooks.action import Action, ActionFailedError, ActionUnknownError
from opsbook.runbooks.context import Context
from opsbook.runbooks.course import Course
from opsbook.runbooks.place import called, place
from opsbook.runbooks.settings import StepSettings
from opsbook.runbooks.within import carried_out


class Looking(Course):
    """The way through one step that only looks: nothing of it is recorded by itself."""

    def __init__(self, step: StepSettings, context: Context) -> None:
        self.context = context
        self._step = step

    async def act(self, action: Action) -> dict[str, Json]:
        within = min(self._step.within, self.context.within)
        return await carried_out(action, self.context, within)

    async def record(self, name: str, look: Callable[[], Awaitable[Json]]) -> Json:
        return await look()

    async def carry_out(
        self, steps: Sequence[StepSettings], part: str, values: Mapping[str, Any]
    ) -> dict[str, Json]:
        path = place(self.context.path, part)
        within = replace(self.context, path=path, values={**self.context.values, **values})
        return await looked(steps, within)

    async def ask(self, question: str, within: float, signal: str) -> NoReturn:
        raise ActionFailedError(f"{self.context.path}: nobody can be asked in a precheck or proof")

    async def start(self, runbook: str, parameters: Mapping[str, Json]) -> NoReturn:
        raise ActionFailedError(f"{self.context.path}: a precheck or proof runs no runbook")


async def looked(steps: Sequence[StepSettings], context: Context) -> dict[str, Json]:
    """What each found. Raises ActionFailedError naming the first that failed."""
    found: dict[str, Json] = {}
    for number, step in enumerate(steps, 1):
        name = called(step, number)
        values = {**context.values, "steps": {**context.values["steps"], **found}}
        here = replace(context, path=place(context.path, name), values=values)
        if step.if_ is not None and not here.holds(step.if_):
            continue
        try:
            found[name] = await step.action.proceed(Looking(step, here))
        except (ActionFailedError, ActionUnknownError) as error:
            raise ActionFailedError(f"{name}: {error}", {**found, name: str(error)}) from None
    return found
