"""What a run would do: its prechecks evaluated and its changes shown, and nothing changed."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.durable.values import Json
from opsbook.runbooks.action import Change
from opsbook.runbooks.context import Context
from opsbook.runbooks.foretelling import PATIENCE, foretold
from opsbook.runbooks.looking import Looking, looked
from opsbook.runbooks.model import PlannedStep
from opsbook.runbooks.parameters import handed
from opsbook.runbooks.place import called, place
from opsbook.runbooks.proofs import Proofs
from opsbook.runbooks.settings import RunbookSettings, StepSettings, parts
from opsbook.runbooks.snapshot import step_digest
from opsbook.runbooks.telling import told
from opsbook.runbooks.template import Template
from opsbook.runbooks.words import RESERVED


class DryRun:
    """Goes through the steps; results of steps that only look are there for those after them."""

    def __init__(self, runbooks: Mapping[str, RunbookSettings], proofs: Proofs, host: str) -> None:
        self._runbooks = runbooks
        self._host = host
        self._proofs = proofs
        self._planned: list[PlannedStep] = []

    async def planned(self, book: RunbookSettings, context: Context) -> tuple[PlannedStep, ...]:
        await self._through(book.steps, replace(context, within=PATIENCE))
        return tuple(self._planned)

    async def _through(self, steps: Sequence[StepSettings], context: Context) -> None:
        results: dict[str, Any] = {}
        for number, step in enumerate(steps, 1):
            name = called(step, number)
            values = {**context.values, "steps": {**context.values["steps"], **results}}
            here = replace(context, path=place(context.path, name), values=values)
            result = await self._one(step, here)
            if result is not None:
                results[name] = result

    async def _one(self, step: StepSettings, context: Context) -> dict[str, Json] | None:
        """Its result, where it only looks."""
        would, reason = _would(step, context, self._host)
        here = would is not False and not _elsewhere(step, context, self._host)
        found = await _prechecks(step, context) if here else {}
        if any(each.startswith("failed") for each in found.values()):
            would, reason = False, "a precheck does not hold"
        change, result = None, None
        if would is not False and here:
            change, result, said = await self._change(step, context)
            reason = said or reason
        self._planned.append(await self._as_planned(step, context, would, reason, found, change))
        if step.consists_of_others and would is not False:
            await self._within(step, context)
        return result

    async def _change(
        self, step: StepSettings, context: Context
    ) -> tuple[Change | None, dict[str, Json] | None, str]:
        change, why = await foretold(step.action, context)
        if why:
            return None, None, f"cannot be told now: {why}"
        if change is not None or step.action_class > 0 or step.consists_of_others:
            return change, None, ""
        try:
            async with asyncio.timeout(PATIENCE):
                return None, *await step.action.foresee(Looking(step, context))
        except (OpsbookError, TimeoutError) as error:
            return None, None, f"cannot be told now: {error or 'it took too long'}"

    async def _within(self, step: StepSettings, context: Context) -> None:
        """The steps of a step that consists of others, as far as they can be told."""
        for thing, name in step.action.names():
            if thing == "runbook" and name in self._runbooks:
                book = self._runbooks[name]
                values = {**_plain(context), **_given(step, book, context)}
                await self._through(book.steps, replace(context, values=values))
        for number, part in enumerate(parts(step.action), 1):
            await self._through(part, replace(context, path=place(context.path, str(number))))

    async def _as_planned(
        self,
        step: StepSettings,
        context: Context,
        would: bool | None,
        reason: str,
        found: Mapping[str, str],
        change: Change | None,
    ) -> PlannedStep:
        digest = step_digest(step)
        proven = digest in await self._proofs.known([digest]) if step.rollback else None
        return PlannedStep(
            path=context.path,
            kind=step.kind,
            subject=told(step.action, context.values),
            action_class=step.action_class,
            would_run=would,
            reason=reason,
            prechecks=found,
            change=change,
            verified_by=_subjects(step.verify.steps if step.verify else [], context),
            rolled_back_by=_subjects(step.rollback, context),
            no_rollback=step.no_rollback,
            proven=proven,
        )


def rollbacks(
    steps: Sequence[StepSettings], around: str = ""
) -> Iterator[tuple[str, StepSettings]]:
    """The steps that have a rollback, with their places."""
    for number, step in enumerate(steps, 1):
        path = place(around, called(step, number))
        if step.rollback:
            yield path, step
        for part in parts(step.action):
            yield from rollbacks(part, path)


def _plain(context: Context) -> dict[str, Any]:
    """What every runbook knows."""
    known = {each: context.values[each] for each in RESERVED if each in context.values}
    return {**known, "steps": {}}


def _given(step: StepSettings, book: RunbookSettings, context: Context) -> dict[str, Any]:
    """The parameters of another runbook, where they can be told already."""
    given: Mapping[str, Template] = getattr(step.action, "with_", {})
    try:
        filled = {name: context.value(each) for name, each in given.items()}
        return handed(book.parameters, filled)
    except BadInputError:
        return {}  # each step that needs one says so


def _would(step: StepSettings, context: Context, host: str) -> tuple[bool | None, str]:
    if step.action_class == 4:
        return False, "class 4 is only printed"
    if step.if_ is not None:
        try:
            if not context.holds(step.if_):
                return False, f"{step.if_} does not hold"
        except BadInputError as error:
            return None, f"depends on what the run finds: {error}"
    if (other := _elsewhere(step, context, host)) is not None:
        return None, f"what it finds and changes on {other} is seen there only"
    return True, ""


def _elsewhere(step: StepSettings, context: Context, host: str) -> str | None:
    """The other host that it is for: a look from here would be a look at something else."""
    if step.host is None:
        return None
    try:
        named = context.text(step.host)
    except BadInputError:
        return str(step.host)
    return named if named != host else None


async def _prechecks(step: StepSettings, context: Context) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, each in enumerate(step.precheck, 1):
        name = called(each, number)
        try:
            async with asyncio.timeout(PATIENCE):
                await looked([each], context)
            found[name] = f"holds: {told(each.action, context.values)}"
        except (OpsbookError, TimeoutError) as error:
            found[name] = f"failed: {error or 'it took too long'}"
    return found


def _subjects(steps: Sequence[StepSettings], context: Context) -> tuple[str, ...]:
    return tuple(told(each.action, context.values) for each in steps)
