"""A drill as a durable run: each step happens, or is seen to have happened, whatever dies.

    ready → prepare → begin → observe → undo → recover → record

From `prepare` on, `undo` is reached: after a failure, a cancellation and a kill -9.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine

from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.core.units import format_duration
from opsbook.drills.events import DrillEnded
from opsbook.drills.exercises import Exercised, Exercises
from opsbook.drills.fault import FaultError, Mended
from opsbook.drills.model import Evidence, Plan, Sight
from opsbook.drills.settings import DrillSettings
from opsbook.drills.sight import KINDS, look
from opsbook.drills.store import entries_after, last_entry
from opsbook.drills.under_way import FaultsUnderWay
from opsbook.drills.view import PlatformView
from opsbook.durable.port import Run, RunCancelledError, StepFailedError
from opsbook.durable.values import Json
from opsbook.runbooks.service import Runbooks
from opsbook.state.ledger import Ledger

ENDS = ("drill.proved", "drill.failed")
_LOOK_EVERY = 0.05
_LEDGER_WITHIN = 5.0
_UNDO_ATTEMPTS = 3
_UNDO_AGAIN_AFTER = 1.0


class Drill:
    """The function of all drills' runs."""

    def __init__(
        self,
        settings: Mapping[str, DrillSettings],
        faults: FaultsUnderWay,
        view: PlatformView,
        engine: Engine,
        ledger: Ledger,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._faults = faults
        self._view = view
        self._engine = engine
        self._ledger = ledger
        self._bus = bus
        self._clock = clock
        self._exercises: Exercises | None = None

    def use(self, runbooks: Runbooks) -> None:
        """Say who carries out runbooks."""
        self._exercises = Exercises(runbooks, self._engine, self._clock)

    async def carry(self, run: Run, value: Json) -> Json:
        """From the wish to the evidence. What it returns is for who asked for it."""
        return await _Life(self, run, Plan.read(value)).live()

    async def ready(self, run: Run, plan: Plan) -> Json:
        """Why it cannot begin, or None."""
        if plan.drill not in self._settings:
            return "the book has no such drill any more"
        trouble = self._view.trouble(plan)
        return f"not well to begin with: {trouble}" if trouble else None

    async def refuse(self, run: Run, plan: Plan, why: str) -> Json:
        recorded = self._ledger.record(
            "drill.refused", plan.drill, actor=plan.asked_by, run=run.id, reason=why
        )
        await asyncio.wait([recorded], timeout=_LEDGER_WITHIN)
        return None

    async def prepare(self, run: Run, plan: Plan) -> Json:
        settings = self._settings[plan.drill]
        await self._faults.prepare(run.id, plan.drill, settings, self._view.process)
        return None

    async def begin(self, run: Run, plan: Plan) -> Json:
        """When the fault began, and the entry after which it is to be seen."""
        recorded = self._ledger.record(
            "drill.began",
            plan.drill,
            actor=plan.asked_by,
            run=run.id,
            fault=plan.subject,
            why=plan.why,
            approved_by=plan.approved_by,
        )
        try:
            entry = await asyncio.wait_for(recorded, _LEDGER_WITHIN)
        except TimeoutError:
            raise FaultError("the ledger cannot be written; nothing was hurt") from None
        at = self._clock.now()
        await self._faults.begin(run.id)
        return {"at": at, "seq": entry.seq}

    async def ask(self, plan: Plan, began: Mapping[str, Any]) -> Json:
        """The id of the runbook's run."""
        if self._exercises is None:
            raise FaultError("nobody carries runbooks here; nothing was done")
        return await self._exercises.ask(plan, began["at"])

    async def exercise(self, run: Run, plan: Plan, began: Mapping[str, Any], asked: Json) -> Json:
        """Wait for the runbook's run; it ends within the drill's time."""
        assert self._exercises is not None
        until = began["at"] + plan.lasts
        return asdict(await self._exercises.follow(str(asked), until, run.stopping))

    async def observe(self, run: Run, plan: Plan, began: Mapping[str, Any]) -> Json:
        """Look until all was seen that can be seen before the undoing, or it is too late."""
        until = began["at"] + min(plan.lasts, _patience(plan))
        while True:
            sight = await self._look(plan, began["seq"])
            over = self._clock.now() >= until or run.stopping.is_set()
            if over or _all_seen(plan, sight):
                return asdict(sight)
            await asyncio.sleep(_LOOK_EVERY)

    async def undo(self, run: Run, plan: Plan) -> Json:
        """When it was over."""
        for attempt in range(_UNDO_ATTEMPTS):
            try:
                await self._faults.end(run.id, plan.drill)
                break
            except FaultError:
                if attempt + 1 == _UNDO_ATTEMPTS:
                    raise
                await asyncio.sleep(_UNDO_AGAIN_AFTER)
        return self._clock.now()

    async def recover(
        self, run: Run, plan: Plan, began: Mapping[str, Any], undone_at: float
    ) -> Json:
        """When it was well again, and what is wrong where it is not."""
        origin = began["at"] if plan.mended is Mended.RESTART else undone_at
        until = max(origin, undone_at) + plan.recovered_within
        while True:
            trouble = self._view.trouble(plan)
            verified = (await self._look(plan, began["seq"])).recovered
            at = verified if plan.mended is Mended.RESTART else self._clock.now()
            if (trouble is None and at is not None) or self._clock.now() >= until:
                return {"at": at if trouble is None else None, "trouble": trouble}
            await asyncio.sleep(_LOOK_EVERY)

    async def record(self, run: Run, plan: Plan, evidence: Evidence) -> Json:
        """Once, however often this is carried out."""
        known = await asyncio.to_thread(last_entry, self._engine, plan.drill, ENDS)
        if known is None or known.as_dict()["body"]["run"] != run.id:
            if evidence.missed:
                recorded = self._ledger.record(
                    "drill.failed", plan.drill, actor=plan.asked_by, **evidence.as_json()
                )
            else:
                recorded = self._ledger.record(
                    "drill.proved", plan.drill, actor=plan.asked_by, **evidence.as_json()
                )
            await asyncio.wait([recorded], timeout=_LEDGER_WITHIN)
        self._bus.announce(DrillEnded(plan.drill, self._clock.now(), evidence))
        return None

    async def _look(self, plan: Plan, seq: int) -> Sight:
        entries = await asyncio.to_thread(entries_after, self._engine, seq, KINDS)
        return look(plan, self._view.checks(plan.target), entries)


class _Life:
    """One life of a run: what it knows so far."""

    def __init__(self, drill: Drill, run: Run, plan: Plan) -> None:
        self._drill = drill
        self._run = run
        self._plan = plan
        self._began: dict[str, Any] | None = None
        self._sight = Sight()
        self._exercised: Exercised | None = None
        self._missed: list[str] = []
        self._cancelled: RunCancelledError | None = None

    async def live(self) -> Json:
        run, plan, drill = self._run, self._plan, self._drill
        refused = await run.step("ready", lambda: drill.ready(run, plan))
        if refused is not None:
            await run.step("refuse", lambda: drill.refuse(run, plan, str(refused)))
            return {"state": "refused", "why": refused}
        await self._hurt()
        recovered = await self._mend()
        evidence = self._evidence(recovered)
        await self._surely("record", lambda: drill.record(run, plan, evidence))
        if self._cancelled is not None:
            raise self._cancelled
        state = "failed" if evidence.missed else "proved"
        return {"state": state, "evidence": evidence.as_json()}

    async def _hurt(self) -> None:
        run, plan, drill = self._run, self._plan, self._drill
        try:
            await run.step("prepare", lambda: drill.prepare(run, plan))
            began: Any = await run.step("begin", lambda: drill.begin(run, plan))
            self._began = began
            if plan.exercise is not None:
                asked = await run.step("ask", lambda: drill.ask(plan, began))
                did = await self._surely(
                    "exercise", lambda: drill.exercise(run, plan, began, asked)
                )
                self._exercised = Exercised.read(did)
            seen: Any = await run.step("observe", lambda: drill.observe(run, plan, began))
            self._sight = Sight(**seen)
        except StepFailedError as error:
            self._missed.append(f"{error.step}: {error.message}")
        except RunCancelledError as error:
            self._cancel(error)

    async def _mend(self) -> float | None:
        """When it was well again; from when on it counts depends on the fault."""
        run, plan, drill, began = self._run, self._plan, self._drill, self._began
        try:
            undone: Any = await self._surely("undo", lambda: drill.undo(run, plan))
        except StepFailedError as error:
            self._missed.append(f"NOT UNDONE, and tried again until it is: {error.message}")
            return None
        if began is None:
            return None
        found: Any = await self._surely("recover", lambda: drill.recover(run, plan, began, undone))
        if found["trouble"] is not None:
            self._missed.append(f"not well afterwards: {found['trouble']}")
        if found["at"] is None:
            return None
        origin = began["at"] if plan.mended is Mended.RESTART else undone
        return _seconds(found["at"] - origin)

    async def _surely(self, name: str, action: Callable[[], Awaitable[Json]]) -> Json:
        """A step that happens also in a run that was cancelled: it is told so only once."""
        try:
            return await self._run.step(name, action)
        except RunCancelledError as error:
            self._cancel(error)
            return await self._run.step(f"{name} all the same", action)

    def _cancel(self, error: RunCancelledError) -> None:
        self._cancelled = error
        self._missed.append(str(error))

    def _evidence(self, recovered: float | None) -> Evidence:
        plan, sight = self._plan, self._sight
        detected, notified = self._after(sight.detected), self._after(sight.notified)
        if self._began is not None and self._cancelled is None:
            self._missed += [
                *_missed("detected", detected, plan.detected_within),
                *_missed("told", notified, plan.notified_within),
                *_missed("recovered", recovered, plan.recovered_within),
            ]
        exercised = self._exercised
        if exercised is not None:
            self._missed += exercised.missed
        began = [] if self._began is None else [self._began["seq"]]
        return Evidence(
            run=self._run.id,
            fault=plan.subject,
            detect_seconds=detected,
            notify_seconds=notified,
            recover_seconds=recovered,
            missed=tuple(self._missed),
            asked_by=plan.asked_by,
            approved_by=plan.approved_by,
            why=plan.why,
            entries=tuple(
                sorted({*began, *sight.entries, *(exercised.entries if exercised else ())})
            ),
            taken_back=exercised.taken_back if exercised else (),
        )

    def _after(self, moment: float | None) -> float | None:
        """Seconds since the fault began."""
        if moment is None or self._began is None:
            return None
        return _seconds(moment - self._began["at"])


def _seconds(value: float) -> float:
    """The ledger's times are whole milliseconds, cut off."""
    return max(0.0, round(value, 3))


def _patience(plan: Plan) -> float:
    """Seconds after which nothing that comes would still be in time."""
    times = [plan.detected_within or 0.0, plan.notified_within or 0.0]
    if plan.mended is Mended.RESTART:
        times.append(plan.recovered_within)
    return max(times)


def _all_seen(plan: Plan, sight: Sight) -> bool:
    told = plan.receiver is None or sight.notified is not None
    well = plan.mended is Mended.UNDO or sight.recovered is not None
    seen = plan.detected_within is None or sight.detected is not None
    return seen and told and well


def _missed(what: str, after: float | None, within: float | None) -> list[str]:
    """Nothing where it was in time, or not asked for."""
    if within is None or (after is not None and after <= within):
        return []
    late = f"{what} after {format_duration(after)}, and" if after is not None else f"{what}"
    return [f"{late} not within {format_duration(within)}"]
