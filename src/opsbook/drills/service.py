"""All drills of a book: asked for, run by themselves, and how each stands."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError, nearest
from opsbook.core.events import Bus
from opsbook.drills.asked import APPROVED_WITHIN
from opsbook.drills.drill import ENDS, Drill
from opsbook.drills.events import DrillEnded
from opsbook.drills.model import (
    Approval,
    DrillState,
    Plan,
    RefusedError,
    Standing,
    check_approval,
)
from opsbook.drills.settings import DrillSettings
from opsbook.drills.store import find_entry, last_entry
from opsbook.drills.under_way import FaultsUnderWay
from opsbook.drills.view import PlatformView
from opsbook.durable.model import Queue, RunInfo, Submission
from opsbook.durable.port import DurableError, DurableFunction, Runs, UnknownRunError
from opsbook.probes.model import State, worst
from opsbook.runbooks.service import Runbooks
from opsbook.state.chain import Entry
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

FUNCTION = "drill"
QUEUE = Queue("drills", at_once=1)
"""One fault at a time: two would be taken for each other."""
_START_WITHIN = 600.0
_TURN = 5.0
"""Seconds between two looks at what is due and at faults whose time is over."""
_EARLY = 0.9
"""Share of `every` after which a drill runs by itself in its window."""
_LEDGER_WITHIN = 5.0
_LATE = 5.0
"""Seconds that a drill gets to undo its own fault, before others do."""


class Drills:
    """Owns the runs of drills. Hurts nothing before `connect` has said where runs go."""

    def __init__(
        self,
        settings: Mapping[str, DrillSettings],
        production: Callable[[str | None], bool],
        faults: FaultsUnderWay,
        view: PlatformView,
        engine: Engine,
        ledger: Ledger,
        bus: Bus,
        clock: Clock,
    ) -> None:
        """`production` says whether a service is, or for None whether anything is."""
        self.settings = settings
        self._production = production
        self._faults = faults
        self._engine = engine
        self._ledger = ledger
        self._clock = clock
        self._drill = Drill(settings, faults, view, engine, ledger, bus, clock)
        self._answering = asyncio.Lock()
        self._runs: Runs | None = None
        self._last: dict[str, tuple[float, Mapping[str, Any]]] = {}
        """Drill → when it ended the last time, and its evidence."""
        bus.subscribe(DrillEnded, self._ended)

    @property
    def functions(self) -> Mapping[str, DurableFunction]:
        """For the engine that carries them."""
        return {FUNCTION: self._drill.carry}

    @property
    def queues(self) -> Collection[Queue]:
        return (QUEUE,)

    def connect(self, runs: Runs, runbooks: Runbooks | None = None) -> None:
        """Say where runs are submitted, and who carries out runbooks."""
        self._runs = runs
        if runbooks is not None:
            self._drill.use(runbooks)

    async def start(self) -> None:
        """To be called before the engine is opened: end what an earlier life left behind."""
        await self._faults.sweep()
        await asyncio.to_thread(self._remember)

    async def run(self) -> None:
        """Until cancelled: run what is due, and end faults that outlived their drill."""
        while True:
            await asyncio.sleep(_TURN)
            try:
                await self._faults.sweep(before=self._clock.now() - _LATE)
                await self._run_due()
            except (SQLAlchemyError, DurableError) as error:
                logger.warning("drills wait: %s", getattr(error, "orig", None) or error)

    async def request(self, name: str, by: str, why: str, approval: Approval | None = None) -> str:
        """The id of the run. Raises BadInputError for a drill that is not known or that may not
        run; then nothing was hurt."""
        return await self._submit(name, (by,), why, approval, _number(name))

    async def ask(self, name: str, by: str, through: str, why: str) -> str:
        """The same for who may be approved later: what is in production waits for `approve`.

        `through` is whose token it was: that person cannot approve it either.
        """
        run = _number(name)
        if not self._production(self._known(name).target):
            return await self._submit(name, (by,), why, None, run)
        recorded = self._ledger.record(
            "drill.asked", name, actor=by, run=run, why=why, through=through
        )
        await asyncio.wait([recorded], timeout=_LEDGER_WITHIN)
        return run

    async def approve(self, name: str, run: str, by: str) -> str:
        """Run what was asked for. Raises RefusedError for who asked for it, for what was refused,
        and a day later."""
        async with self._answering:
            entry = await self._asked(name, run)
            now = self._clock.now()
            if datetime.fromisoformat(entry.at).timestamp() < now - APPROVED_WITHIN:
                raise RefusedError(f"{run} was asked for too long ago; ask again")
            body = entry.as_dict()["body"]
            askers = (entry.actor, body["through"])
            return await self._submit(name, askers, body["why"], Approval(by, now), run)

    async def decline(self, name: str, run: str, by: str, why: str) -> None:
        """Say no to what was asked for: nobody can approve it any more. Raises RefusedError for
        what was answered already, DurableError where the ledger cannot be written."""
        async with self._answering:
            await self._asked(name, run)
            with contextlib.suppress(UnknownRunError):
                await self.show(run)
                raise RefusedError(f"{run} was approved already")
            recorded = self._ledger.record("drill.declined", name, actor=by, run=run, why=why)
            done, _ = await asyncio.wait([recorded], timeout=_LEDGER_WITHIN)
            if not done:
                raise DurableError("the ledger cannot be written: it is not refused; try again")

    async def declined(self, name: str, run: str) -> Entry | None:
        """The entry by which somebody said no to it."""
        return await asyncio.to_thread(find_entry, self._engine, name, "drill.declined", run)

    async def awaits_approval(self, name: str, run: str) -> bool:
        """Whether it was asked for; of one that runs by now, `show` knows more."""
        found = await asyncio.to_thread(find_entry, self._engine, name, "drill.asked", run)
        return found is not None

    async def show(self, run: str) -> RunInfo:
        """Raises UnknownRunError."""
        return await self._known_runs().show(run)

    def standings(self) -> list[Standing]:
        """All drills, worst first."""
        now = self._clock.now()
        found = [self._standing(name, now) for name in self.settings]
        return sorted(found, key=lambda each: (-each.state.state.severity, each.drill))

    def verdict(self) -> State | None:
        """The worst of all drills; None where there are none."""
        states = [each.state.state for each in self.standings()]
        return worst(states) if states else None

    def due(self) -> list[str]:
        """Drills that are to run by themselves now."""
        now = self._clock.now()
        return [name for name, each in self.settings.items() if self._is_due(name, each, now)]

    def close(self) -> None:
        self._faults.close()

    def _is_due(self, name: str, settings: DrillSettings, now: float) -> bool:
        window, every = settings.window, settings.every
        if window is None or every is None or self._production(settings.target):
            return False
        last = self._last.get(name)
        early = last is not None and now < last[0] + every * _EARLY
        return not early and window.covers(None, now)

    async def _run_due(self) -> None:
        for name in self.due():
            # The same id for an hour: a drill that is refused is not asked for all the time.
            hour = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%dT%H")
            await self._submit(name, ("opsbook",), "it is due", None, f"drill.{name}.{hour}")

    async def _submit(
        self, name: str, askers: Sequence[str], why: str, approval: Approval | None, run: str
    ) -> str:
        """The first of those who asked is the one who did; the others lent a token."""
        settings = self._known(name)
        try:
            check_approval(name, self._production(settings.target), askers, approval)
        except RefusedError as error:
            self._ledger.record("drill.refused", name, actor=askers[0], run=run, reason=str(error))
            raise
        plan = Plan.of(name, settings, askers[0], why, approval)
        submission = Submission(
            run, QUEUE.name, FUNCTION, plan.as_json(), single=name, start_within=_START_WITHIN
        )
        return await self._known_runs().submit(submission)

    def _known(self, name: str) -> DrillSettings:
        if name not in self.settings:
            meant = nearest(name, self.settings)
            known = ", ".join(self.settings) or "none"
            hint = f"did you mean {meant}?" if meant else f"known: {known}"
            raise BadInputError(f"no such drill: {name!r}; {hint}")
        return self.settings[name]

    async def _asked(self, name: str, run: str) -> Entry:
        """That it was, and that nobody has said no."""
        self._known(name)
        entry = await asyncio.to_thread(find_entry, self._engine, name, "drill.asked", run)
        if entry is None:
            raise BadInputError(f"nobody asked for {run}; `opsbook drill run {name}` asks for one")
        if (no := await self.declined(name, run)) is not None:
            raise RefusedError(f"{no.actor} refused {run}: {no.as_dict()['body']['why']}")
        return entry

    def _known_runs(self) -> Runs:
        if self._runs is None:
            raise BadInputError("nobody carries runs here; nothing was hurt")
        return self._runs

    def _standing(self, name: str, now: float) -> Standing:
        settings = self.settings[name]
        ran_at, evidence = self._last.get(name, (None, None))
        due_at = ran_at + settings.every if ran_at is not None and settings.every else None
        if evidence is None:
            state = DrillState.NEVER_RUN
        elif evidence["missed"]:
            state = DrillState.FAILED
        else:
            late = due_at is not None and now >= due_at
            state = DrillState.OVERDUE if late else DrillState.PROVED
        production = self._production(settings.target)
        return Standing(name, settings, state, production, ran_at, due_at, evidence)

    def _remember(self) -> None:
        for name in self.settings:
            entry = last_entry(self._engine, name, ENDS)
            if entry is not None:
                at = datetime.fromisoformat(entry.at).timestamp()
                self._last[name] = (at, entry.as_dict()["body"])

    def _ended(self, event: DrillEnded) -> None:
        self._last[event.drill] = (event.at, event.evidence.as_json())


def _number(name: str) -> str:
    return f"drill.{name}.{uuid.uuid4().hex[:8]}"
