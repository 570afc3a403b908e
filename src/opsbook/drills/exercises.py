"""Runs of runbooks that drills ask for, to prove what takes them back."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.drills.fault import FaultError
from opsbook.drills.model import Plan
from opsbook.drills.store import last_entry
from opsbook.durable.values import Json
from opsbook.runbooks.model import Request, RunView
from opsbook.runbooks.service import Runbooks
from opsbook.state.people import Person, Role

_LOOK_EVERY = 0.1
_LATEST = 50
"""Runs of a runbook among which that of a drill is looked for."""
_TO_STOP = 60.0
"""Seconds for a run that took too long to bring to its end what it had begun."""


@dataclass(frozen=True, slots=True)
class Exercised:
    """What became of the run."""

    run: str
    missed: tuple[str, ...]
    """What is wrong, for people."""
    taken_back: tuple[str, ...] = ()
    entries: tuple[int, ...] = ()

    @classmethod
    def read(cls, known: Any) -> "Exercised":
        return cls(**{**known, **{k: tuple(v) for k, v in known.items() if k != "run"}})


class Exercises:
    """Asks, waits and finds out what was taken back."""

    def __init__(self, runbooks: Runbooks, engine: Engine, clock: Clock) -> None:
        self._runbooks = runbooks
        self._engine = engine
        self._clock = clock

    async def ask(self, plan: Plan, since: float) -> Json:
        """The id of the run; the same one if it was asked for before. Raises FaultError."""
        exercise = plan.exercise
        assert exercise is not None
        for known in await self._runbooks.find(runbook=exercise.runbook, limit=_LATEST):
            if known.drill == plan.drill and known.requested_at >= since:
                return known.id
        request = Request(
            exercise.runbook,
            Person(plan.asked_by, Role.OPERATOR),
            f"drill {plan.drill}: {plan.why}",
            exercise.parameters,
            confirm=exercise.confirm,
            drill=plan.drill,
            roll_back=True,
        )
        try:
            return await self._runbooks.request(request)
        except BadInputError as error:
            raise FaultError(f"{error}; nothing was done") from None

    async def follow(self, run: str, until: float, stopping: asyncio.Event) -> Exercised:
        """Return when it has ended; one that is late is cancelled."""
        while not (view := await self._runbooks.show(run)).state.ended:
            if self._clock.now() >= until or stopping.is_set():
                return await self._stopped(run)
            await asyncio.sleep(_LOOK_EVERY)
        return await self._found(view)

    async def _stopped(self, run: str) -> Exercised:
        why = "the drill's time is over"
        await self._runbooks.cancel(run, Person("opsbook", Role.OPERATOR), why)
        until = self._clock.now() + _TO_STOP
        while not (view := await self._runbooks.show(run)).state.ended:
            if self._clock.now() >= until:
                return Exercised(run, (f"{run} does not end: look at `opsbook runs show {run}`",))
            await asyncio.sleep(_LOOK_EVERY)
        return await self._found(view)

    async def _found(self, view: RunView) -> Exercised:
        told = await asyncio.to_thread(last_entry, self._engine, view.id, ("run.rolled_back",))
        body: Mapping[str, Any] = told.as_dict()["body"] if told is not None else {}
        taken_back = tuple(body.get("taken_back", ()))
        missed = []
        if view.state != "succeeded":
            missed.append(f"{view.id} {view.state}: {view.error or _why(view)}")
        if body.get("failed"):
            missed.append(f"{view.id}: NOT TAKEN BACK: {body['failed']}")
        elif told is None:
            missed.append(f"{view.id}: what it did was not taken back")
        elif not taken_back:
            missed.append(f"{view.id} did nothing that could be taken back, so nothing is proven")
        return Exercised(view.id, tuple(missed), taken_back, (told.seq,) if told else ())


def _why(view: RunView) -> str:
    return view.cancellation.reason if view.cancellation is not None else "no reason is known"
