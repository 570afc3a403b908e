"""A run on its way: its steps in order, what was done so far, and how that is taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsbook.core.errors import OpsbookError
from opsbook.durable.port import Run, RunCancelledError, StepFailedError
from opsbook.durable.values import Json
from opsbook.runbooks.action import ActionFailedError, ActionUnknownError
from opsbook.runbooks.ends import EndRunError, StoppedError
from opsbook.runbooks.journeying import Journeying
from opsbook.runbooks.life import About, Life
from opsbook.runbooks.means import Means
from opsbook.runbooks.parameters import handed, revealed
from opsbook.runbooks.passage import Passage
from opsbook.runbooks.place import called, place
from opsbook.runbooks.settings import RunbookSettings, StepSettings
from opsbook.runbooks.snapshot import Snapshot, step_digest
from opsbook.runbooks.telling import told
from opsbook.runbooks.way import Way

MOST_STEPS = 500
"""Of a run, counting each item of a `for each`."""


@dataclass(frozen=True, slots=True)
class Done:
    """A step that changed something, and what taking it back is filled with."""

    step: StepSettings
    path: str
    values: Mapping[str, Any]
    book: RunbookSettings


@dataclass
class Undone:
    """What became of a rollback."""

    taken_back: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    """Steps that stay → why."""
    failed: str | None = None

    @property
    def said(self) -> str:
        went = f"taken back: {', '.join(self.taken_back) or 'nothing'}"
        if self.failed is not None:
            went = f"the rollback failed: {self.failed}"
        return went + "".join(f"; {path} stays: {why}" for path, why in self.left.items())


class Journey(Journeying):
    """One life of a run; what it decides on is its input and recorded results."""

    def __init__(self, run: Run, snapshot: Snapshot, means: Means) -> None:
        about = About(run.id, run.round, snapshot.by, snapshot.why)
        self.life = Life(run, means.hands, about)
        self.means = means
        self.snapshot = snapshot
        self.undoing = False
        self.consented = set()
        self._runbooks = snapshot.settings()
        self._done: list[Done] = []
        self._steps = 0
        self._began = 0.0
        self._round = 0

    async def carry(self) -> Json:
        """Raises StepFailedError where it may be resumed, and RunCancelledError."""
        book = self._runbooks[self.snapshot.runbook]
        try:
            await self._start()
            results = await self.carry_steps(book.steps, "", self._values(book), book)
            if self.snapshot.roll_back:
                undone = await self._roll_back("as was asked for")
                if undone.failed is not None:
                    raise EndRunError(undone.said, "rolled_back")
            await self._end("succeeded", "")
            return {"steps": len(results)}
        except RunCancelledError as error:
            self.life.finishing = True
            stays = "" if self.snapshot.roll_back else "; what was done stays"
            await self._end("cancelled", await self._taken_back(f"{error}{stays}"))
            raise
        except EndRunError as error:
            said = await self._broken_off(error)
            raise self._final(error.at, said) from None
        except (StoppedError, ActionFailedError) as error:
            said = await self._taken_back(str(error))
            await self._end("failed", said)
            at = error.at if isinstance(error, StoppedError) else "started"
            raise self._final(at, said) from None
        except OpsbookError as error:
            self.life.finishing = True
            await self._end("failed", str(error))
            raise

    async def carry_steps(
        self,
        steps: Sequence[StepSettings],
        around: str,
        values: Mapping[str, Any],
        book: RunbookSettings,
    ) -> dict[str, Json]:
        results: dict[str, Json] = {}
        for number, step in enumerate(steps, 1):
            name = called(step, number)
            seen = {**values, "steps": {**values["steps"], **results}}
            passage = Passage(self, step, name, place(around, name), seen, book)
            result = await Way(passage).carry()
            if result is not None:
                results[name] = result
        return results

    async def start(
        self, runbook: str, parameters: Mapping[str, Json], path: str
    ) -> dict[str, Json]:
        """Another runbook as part of this run."""
        book = self._runbooks.get(runbook)
        if book is None:
            raise ActionFailedError(f"there is no runbook {runbook!r} in what this run began with")
        values = {**self._common(), **handed(book.parameters, parameters)}
        return await self.carry_steps(book.steps, path, values, book)

    def enter(self, path: str, at: str) -> None:
        """Before a step. Raises RunCancelledError, and EndRunError for too many steps."""
        if self.life.cancelled is not None and not self.undoing:
            raise self.life.cancelled
        self._steps += 1
        if self._steps > MOST_STEPS and not self.undoing:
            raise EndRunError(f"more than {MOST_STEPS} steps: {path} is not carried out", at)

    def left(self, now: float, book: RunbookSettings) -> float:
        """Seconds that the run may still take; a resumed one begins anew."""
        began = self._began if self.life.about.round == self._round else now
        return began + self._runbooks[self.snapshot.runbook].within - now

    def passed(self, at: float, round_: int) -> None:
        """A step was begun then, as it is recorded."""
        if round_ != self._round:
            self._began, self._round = at, round_

    def changed(self, step: StepSettings, path: str, values: Mapping[str, Any], book: Any) -> None:
        """The step may have changed something: it is to be taken back if the run is."""
        if not self.undoing:
            self._done.append(Done(step, path, values, book))

    async def _start(self) -> None:
        async def start() -> Json:
            snapshot = self.snapshot
            await self.means.chronicle.started(
                self.life.about.run,
                str(self.life.about.round),
                runbook=snapshot.runbook,
                parameters=snapshot.parameters,
                asked_by=snapshot.by,
                why=snapshot.why,
            )
            return {"at": self.means.clock.now(), "round": self.life.about.round}

        started = await self.life.once("started", start)
        assert isinstance(started, Mapping)
        self._began, self._round = float(str(started["at"])), int(str(started["round"]))

    async def _broken_off(self, error: EndRunError) -> str:
        said = str(error)
        if error.roll_back and not self.undoing:
            undone = await self._roll_back(said)
            said = f"{said}; {undone.said}"
        else:
            said = await self._taken_back(said)
        if self.life.cancelled is not None:
            await self._end("cancelled", said)
            raise self.life.cancelled
        await self._end("failed", said)
        return said

    async def _taken_back(self, said: str) -> str:
        """What a drill did is taken back however it ended."""
        if not self.snapshot.roll_back or self.undoing:
            return said
        undone = await self._roll_back(said)
        return f"{said}; {undone.said}"

    async def _roll_back(self, why: str) -> Undone:
        """In reverse; where one fails, what is below it stays, for it may be built on that."""
        self.undoing = self.life.finishing = True
        undone = Undone()
        for done in reversed(self._done):
            if undone.failed is not None:
                did = told(done.step.action, done.values)
                undone.left[done.path] = f"{did}, for a later step could not be taken back"
            elif not done.step.rollback:
                undone.left[done.path] = done.step.no_rollback
            else:
                await self._take_back(done, undone)

        async def record() -> Json:
            return await self._record(undone, why)

        await self.life.once("rolled_back", record)
        return undone

    async def _take_back(self, done: Done, undone: Undone) -> None:
        path = place(done.path, "rollback")
        try:
            await self.carry_steps(done.step.rollback, path, done.values, done.book)
        except (ActionFailedError, ActionUnknownError, EndRunError) as error:
            undone.failed = f"{done.path}: {error}"
        else:
            undone.taken_back.append(done.path)

    async def _record(self, undone: Undone, why: str) -> Json:
        run, drill = self.life.about.run, self.snapshot.drill
        if drill is not None:
            for done in self._done:
                if done.path in undone.taken_back:
                    await self.means.proofs.keep(
                        step_digest(done.step), self.snapshot.runbook, done.path, run, drill
                    )
        await self.means.chronicle.rolled_back(
            run,
            str(self.life.about.round),
            why=why,
            taken_back=undone.taken_back,
            left=undone.left,
            failed=undone.failed,
        )
        return {"taken_back": list(undone.taken_back), "failed": undone.failed}

    async def _end(self, state: str, error: str) -> None:
        run, means = self.life.about.run, self.means

        async def end() -> Json:
            await means.chronicle.ended(
                run,
                str(self.life.about.round),
                state=state,
                error=error,
                done=[done.path for done in self._done],
                rolled_back=self.undoing,
            )
            await means.locks.release_all(run)
            await means.questions.close_all(run)
            await means.register.ended(run, state, means.clock.now())
            return {"state": state}

        await self.life.once("ended", end, finish=True)

    def _final(self, at: str, message: str) -> StepFailedError:
        return StepFailedError(at, "ActionFailedError", message)

    def _values(self, book: RunbookSettings) -> dict[str, Any]:
        return {**self._common(), **revealed(book.parameters, self.snapshot.parameters)}

    def _common(self) -> dict[str, Any]:
        snapshot = self.snapshot
        run = {"id": self.life.about.run, "by": snapshot.by, "why": snapshot.why}
        return {
            "steps": {},
            "run": {**run, "runbook": snapshot.runbook},
            "alert": snapshot.alert,
            "incident": snapshot.incident,
        }
