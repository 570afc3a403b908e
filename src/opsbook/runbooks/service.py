"""Runbooks, as the rooms above see them: asked for, approved, steered, shown, followed."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace

from sqlalchemy import Engine

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.durable.model import Cancellation, RunInfo, RunState, Submission
from opsbook.durable.port import DurableFunction, Runs, RunStateError, UnknownRunError
from opsbook.durable.values import Json
from opsbook.runbooks.admission import Admission, needs
from opsbook.runbooks.chronicle import Chronicle
from opsbook.runbooks.context import Context
from opsbook.runbooks.dry_run import DryRun, rollbacks
from opsbook.runbooks.following import Following
from opsbook.runbooks.hands import Hands
from opsbook.runbooks.ids import run_id
from opsbook.runbooks.interpreter import AT_ONCE, RUNS, run_functions
from opsbook.runbooks.locks import Locks
from opsbook.runbooks.means import Means
from opsbook.runbooks.model import Choice, Line, Listed, Plan, Request, RunView, Waiting
from opsbook.runbooks.outline import outline
from opsbook.runbooks.output import Output
from opsbook.runbooks.parameters import revealed
from opsbook.runbooks.plans import Plans
from opsbook.runbooks.proofs import Proofs
from opsbook.runbooks.questions import Questions
from opsbook.runbooks.register import Register, Wanted
from opsbook.runbooks.saying import LONGEST_NAME, LONGEST_WHY, fit
from opsbook.runbooks.settings import RunbookSettings
from opsbook.runbooks.snapshot import Snapshot, needed, run_class, step_digest
from opsbook.runbooks.view import at_window, queued, run_view
from opsbook.state.ledger import Ledger
from opsbook.state.people import Person, Role

_LATEST = 300.0
"""Seconds after which a run that was asked for and never submitted is not begun any more: who
asked for it does not expect it."""
_START_WITHIN = 86_400.0


class Runbooks:
    """Give it the durable engine with `use` before anything else: that needs `functions`."""

    def __init__(
        self,
        runbooks: Mapping[str, RunbookSettings],
        services: Collection[str],
        hands: Hands,
        engine: Engine,
        ledger: Ledger,
        clock: Clock,
        host: str = "",
    ) -> None:
        """`host` is the name of this one, as `host:` of a step would say it."""
        self._hands = hands
        self._clock = clock
        chronicle = self._chronicle = Chronicle(ledger, engine)
        self._runs: Runs | None = None
        self._register, self._output = Register(engine, clock), Output(engine)
        self._proofs = Proofs(engine, clock)
        self._plans = Plans(engine, chronicle, clock)
        self._admission = Admission(runbooks, services, self._plans)
        self._questions = Questions(engine, chronicle, clock, self._tell)
        self._locks = Locks(engine, clock, self._has_ended)
        self._means = Means(
            hands,
            clock,
            chronicle,
            self._locks,
            self._questions,
            self._proofs,
            self._register,
            self._engine,
            host,
        )

    @property
    def functions(self) -> Mapping[str, DurableFunction]:
        """For the durable engine: `runbook` and `step`."""
        return run_functions(self._means)

    def use(self, runs: Runs) -> None:
        self._runs = runs

    def replace(self, runbooks: Mapping[str, RunbookSettings], services: Collection[str]) -> None:
        """The book was read again. Runs under way go on as they began."""
        self._admission.replace(runbooks, services)

    async def open(self) -> None:
        """Bring to its end what was half done when the process died."""
        await self._submit_left_over()
        await self._questions.carry_over()
        await self._settle()

    async def request(self, request: Request) -> str:
        """The id of the run: of another one where that answers the same alert already.

        Raises BadInputError naming what is missing; the ledger says so.
        """
        try:
            snapshot = await self._admission.admitted(request)
            limits = None
            if request.unattended:
                limits = self._admission.book(request.runbook).automatic
                await self._settle()
            wanted = self._wanted(request, snapshot)
            found = await self._register.admit(wanted, limits)
        except BadInputError as error:
            by, why = request.by.name[:LONGEST_NAME], request.why[:LONGEST_WHY]
            await self._chronicle.refused_request(request.runbook, by, why=why, trouble=str(error))
            raise
        if found != wanted.id:
            return found
        return await self._submit(wanted)

    async def dry_run(self, runbook: str, parameters: Mapping[str, Json]) -> Plan:
        """What a run would do now. Raises BadInputError for what cannot be run."""
        admission = self._admission
        book, given = admission.book(runbook), admission.accepted(runbook, parameters)
        values = {
            **revealed(book.parameters, given),
            "steps": {},
            "run": {"id": "dry-run", "by": "", "why": "", "runbook": runbook},
            "alert": None,
            "incident": None,
        }
        context = Context("dry-run", "", "0", "", "dry run", values, asyncio.Event(), self._hands)
        dry = DryRun(admission.runbooks, self._proofs, self._means.host)
        steps, sealed = await dry.planned(book, context), admission.digest(runbook, given)
        await self._plans.keep(sealed, runbook, given)
        whole = run_class(runbook, admission.runbooks)
        return Plan(runbook, given, whole, admission.target(runbook, values), steps, sealed)

    async def sign(self, plan: str, by: Person) -> None:
        """Consent to a plan that was shown, for unattended runs. Raises BadInputError."""
        fit(by, "")
        await self._plans.sign(plan, by)

    async def approve(self, run: str, by: Person, why: str) -> None:
        """Raises BadInputError: by who asked for it, by who may not, too late, again."""
        fit(by, why)
        await self._questions.answer(run, by, "approval", "approved", why)

    async def refuse(self, run: str, by: Person, why: str) -> None:
        """The run stops. Raises BadInputError as `approve` does."""
        fit(by, why)
        await self._questions.answer(run, by, "approval", "refused", why)

    async def decide(self, run: str, by: Person, choice: Choice, why: str = "") -> None:
        """What becomes of a step that failed. Raises BadInputError."""
        fit(by, why)
        await self._questions.answer(run, by, "decision", choice, why)

    async def cancel(self, run: str, by: Person, why: str) -> None:
        """It ends before its next step; what was begun is brought to its end.

        Raises BadInputError for a run that has ended, UnknownRunError for none.
        """
        needs(by, Role.OPERATOR, "cancelling")
        fit(by, why)
        info = await self._engine().show(run)
        if info.state.ended:
            raise RunStateError(f"run {run} has ended: {info.state}")
        await self._chronicle.cancel_requested(run, by.name, why=why)
        await self._engine().cancel(run, Cancellation(by.name, why))
        await self._settle_one(run)

    async def resume(self, run: str, by: Person, why: str, at: str | None = None) -> None:
        """Carry it on at the step that failed, or at the step `at`. Raises BadInputError."""
        needs(by, Role.OPERATOR, "resuming")
        fit(by, why)
        info = await self._engine().show(run)
        if any(step.name.startswith("rolled_back") for step in info.steps):
            raise RunStateError(f"run {run} was rolled back: ask for a new one")
        if not info.state.ended or info.state is RunState.SUCCEEDED:
            raise RunStateError(f"run {run} is {info.state}: nothing to resume")
        begin = at or _asked_when_it_ended(info)
        point = _first_of(info, begin) if begin is not None else None
        await self._chronicle.resumed(run, by.name, why=why, at=begin or info.stopped_at)
        await self._register.ended(run, "running", None)
        await self._engine().resume(run, point)

    async def show(self, run: str) -> RunView:
        """Raises UnknownRunError."""
        info = await self._engine().show(run)
        return run_view(info, await self._waiting(info))

    async def find(
        self,
        *,
        runbook: str | None = None,
        alert: str | None = None,
        incident: str | None = None,
        limit: int = 100,
    ) -> list[RunView]:
        """The newest first, without their steps."""
        ids = await self._register.find(runbook, alert, incident, limit)
        found = []
        for each in ids:
            try:
                info = await self._engine().show(each)
            except UnknownRunError:
                continue  # of long ago, or not submitted yet
            found.append(run_view(_without_steps(info), await self._waiting(info)))
        return found

    async def follow(self, run: str, position: int = 0) -> AsyncIterator[Line]:
        """What it does and writes, from a position on, until it has ended."""
        following = Following(self._engine(), self._hands.jobs, self._output, run)
        async for line in following.lines(position):
            yield line

    async def listed(self) -> list[Listed]:
        """The runbooks of the book."""
        books = self._admission.runbooks
        return [await self._listed(name, book) for name, book in books.items()]

    def _wanted(self, request: Request, snapshot: Snapshot) -> Wanted:
        now = self._clock.now()
        return Wanted(
            run_id(request.runbook, now),
            request.runbook,
            now,
            request.unattended,
            request.alert,
            request.incident,
            snapshot.as_json(),
        )

    async def _submit(self, wanted: Wanted) -> str:
        """First the ledger, then the run."""
        snapshot = Snapshot.from_json(wanted.submission)
        await self._chronicle.requested(
            wanted.id,
            snapshot.by,
            why=snapshot.why,
            runbook=wanted.runbook,
            parameters=snapshot.parameters,
            alert=wanted.alert,
            incident=wanted.incident,
            unattended=wanted.unattended,
            drill=snapshot.drill,
        )
        submission = Submission(
            wanted.id,
            RUNS.name,
            "runbook",
            wanted.submission,
            single=wanted.alert,
            start_within=_START_WITHIN,
        )
        found = await self._engine().submit(submission)
        await self._register.submitted(wanted.id)
        if found != wanted.id:
            await self._register.ended(wanted.id, "merged", self._clock.now())
        return found

    async def _submit_left_over(self) -> None:
        for wanted in await self._register.left_over():
            if wanted.requested_at > self._clock.now() - _LATEST:
                await self._submit(wanted)
                continue
            await self._chronicle.ended(
                wanted.id, "late", state="expired", error="it was never begun", done=[]
            )
            await self._register.ended(wanted.id, "expired", self._clock.now())

    async def _settle(self) -> None:
        """Write down what ended without a word, such as a run that was never begun."""
        for run in await self._register.open():
            await self._settle_one(run)

    async def _settle_one(self, run: str) -> None:
        try:
            info = await self._engine().show(run)
        except UnknownRunError:
            await self._register.ended(run, "unknown", self._clock.now())
            return
        if not info.state.ended:
            return
        if not any(step.name.startswith("ended") for step in info.steps):
            why = info.error or (info.cancellation.reason if info.cancellation else "")
            await self._chronicle.ended(
                run, f"settled {info.round}", state=info.state.value, error=why, done=[]
            )
            await self._locks.release_all(run)
            await self._questions.close_all(run)
        await self._register.ended(run, info.state.value, self._clock.now())

    async def _waiting(self, info: RunInfo) -> Waiting | None:
        if info.state.ended:
            return None
        if (in_queue := queued(info, AT_ONCE)) is not None:
            return in_queue
        if (asked := await self._questions.open(info.id)) is not None:
            return Waiting(
                asked.question, asked.kind, asked.asked_at, asked.until, asked.step, asked.choices
            )
        return self._locks.waiting.get(info.id) or at_window(info)

    async def _listed(self, name: str, book: RunbookSettings) -> Listed:
        with_rollback = {
            path: step_digest(step)
            for each in needed(name, self._admission.runbooks).values()
            for path, step in rollbacks(each.steps)
        }
        known = await self._proofs.known(set(with_rollback.values()))
        unproven = tuple(path for path, sealed in with_rollback.items() if sealed not in known)
        whole = run_class(name, self._admission.runbooks)
        return Listed(
            name,
            book.description,
            whole,
            book.parameters,
            outline(book.steps),
            len(book.steps),
            str(book.target or name) if whole >= 2 else "",
            not unproven if with_rollback else None,
            unproven,
        )

    async def _tell(self, run: str, signal: str, value: Json, key: str) -> None:
        await self._engine().signal(run, signal, value, key)

    async def _has_ended(self, run: str) -> bool:
        try:
            return (await self._engine().show(run)).state.ended
        except UnknownRunError:
            return True

    def _engine(self) -> Runs:
        assert self._runs is not None, "use() comes first"
        return self._runs


def _first_of(info: RunInfo, path: str) -> str:
    """The durable step with which a step began, the last time. Raises UnknownRunError."""
    for step in info.steps:
        if step.name.startswith(f"{path}:"):
            return step.name
    raise UnknownRunError(f"run {info.id} did not come to a step {path}")


def _asked_when_it_ended(info: RunInfo) -> str | None:
    """The step that was waiting for an answer: its question is closed, so it begins anew."""
    path, _, signal = (info.stopped_at or "").removeprefix("wait:").rpartition(":")
    asking = f"{path}:asks-{signal.partition('.')[0]}."
    return path if any(step.name.startswith(asking) for step in info.steps) else None


def _without_steps(info: RunInfo) -> RunInfo:
    return replace(info, steps=())
