"""All backup sets of a book: made when they are due, verified, pruned, and how each stands."""

import asyncio
import logging
import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.backups.course import Course, Order
from opsbook.backups.destination import DestinationError
from opsbook.backups.listing import Found
from opsbook.backups.owed import owed
from opsbook.backups.retention import Decision
from opsbook.backups.standing import SetState, Standing, standing
from opsbook.backups.store import Row
from opsbook.backups.vault import Progress, Vault
from opsbook.backups.verification import Depth
from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.durable.model import Queue, RunInfo, Submission
from opsbook.durable.port import DurableError, DurableFunction, Runs
from opsbook.probes.model import State, worst
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

QUEUE = Queue("backups", at_once=2, partitioned=True)
"""One thing at a time is done to a set: nothing is pruned while it is verified."""
_TURN = 5.0
"""Seconds between two looks at what is due."""
_START_WITHIN = 86_400.0
_EARLY = 0.9
"""Share of a drill's `every` after which it runs: its time is over when it is late."""
_LEDGER_WITHIN = 5.0
_AGAIN_AFTER = 900.0
"""Seconds after which a drill that failed is tried again; never more often than its `every`."""


class Backups:
    """Owns the runs of backups. Nothing runs before `connect` has said where runs go."""

    def __init__(self, vault: Vault, engine: Engine, ledger: Ledger, clock: Clock) -> None:
        self.vault = vault
        self._ledger = ledger
        self._clock = clock
        self._since = clock.now()
        self._rows: dict[str, list[Row]] = {name: [] for name in vault.settings.sets}
        self._stale: set[str] = set()
        self.course = Course(vault, engine, ledger, self._stale.add)
        self._runs: Runs | None = None

    @property
    def functions(self) -> Mapping[str, DurableFunction]:
        """For the engine that carries them."""
        return {
            "backup": self.course.backup,
            "backup-verify": self.course.verify,
            "backup-prune": self.course.prune,
        }

    @property
    def queues(self) -> Collection[Queue]:
        return (QUEUE,)

    def connect(self, runs: Runs) -> None:
        """Say where runs are submitted."""
        self._runs = runs

    async def start(self) -> None:
        """To be called before the engine is opened: remove what an earlier life left behind."""
        for trouble in await asyncio.to_thread(self.vault.tidy):
            logger.warning("not swept: %s", trouble)
        for name in self._rows:
            await self._remember(name)

    async def run(self) -> None:
        """Until cancelled: have done what is due."""
        while True:
            try:
                await self.turn()
            except (SQLAlchemyError, DurableError) as error:
                logger.warning("backups wait: %s", getattr(error, "orig", None) or error)
            await asyncio.sleep(_TURN)

    async def turn(self) -> None:
        """One look at what is due."""
        await self.refresh()
        for name in self.due():
            backup, lacking = self._owed(name)
            for destination in lacking:
                run = self._again(name, f"send.{destination}")
                await self.send(name, backup, destination, "opsbook", "it lacks there", run)
            if not lacking:
                settings = self.vault.known(name)
                retention = settings.class_on(settings.schedule.day_of(self._clock.now()))
                run = self._again(name, "due")
                await self.make(name, "opsbook", "it is due", retention, run)
        for name in self.drills_due():
            run = self._again(name, "drill")
            await self.verify(name, Depth.RESTORE, "opsbook", "it is due", run=run)

    async def make(
        self, set_name: str, by: str, why: str, retention: str = "", run: str | None = None
    ) -> str:
        """The id of the run. Raises BadInputError."""
        settings = self.vault.known(set_name)
        wanted = retention or settings.usual
        if settings.retention_of(wanted) is None:
            known = ", ".join([settings.usual, *settings.classes])
            raise BadInputError(f"{set_name} has no class {wanted!r}; known: {known}")
        return await self._submit("backup", Order(set_name, by, why, retention=wanted), run)

    async def verify(
        self,
        set_name: str,
        depth: Depth,
        by: str,
        why: str,
        destination: str = "",
        backup: str = "",
        run: str | None = None,
    ) -> str:
        """The id of the run; without a backup, the newest is taken. Raises BadInputError."""
        settings = self.vault.known(set_name)
        if backup and not destination:
            destination = settings.to[0]
        if destination and destination not in settings.to:
            raise BadInputError(
                f"{set_name} is not kept at {destination!r}; known: {', '.join(settings.to)}"
            )
        if destination and not backup:
            raise BadInputError("a destination without a backup: name both, or neither")
        order = Order(set_name, by, why, depth=depth.value, destination=destination, backup=backup)
        return await self._submit("backup-verify", order, run)

    async def send(
        self,
        set_name: str,
        backup: str,
        destination: str,
        by: str,
        why: str,
        run: str | None = None,
    ) -> str:
        """The id of the run that has a destination get a backup from another one.

        Raises BadInputError.
        """
        settings = self.vault.known(set_name)
        if destination not in settings.to or not backup:
            raise BadInputError(
                f"{set_name} is not kept at {destination!r}; known: {', '.join(settings.to)}"
                if backup
                else "which backup is to be sent? name its id"
            )
        order = Order(set_name, by, why, destination=destination, backup=backup)
        return await self._submit("backup", order, run)

    async def prune(self, set_name: str, by: str, why: str) -> str:
        """The id of the run. Raises BadInputError."""
        self.vault.known(set_name)
        return await self._submit("backup-prune", Order(set_name, by, why), None)

    async def restored(self, set_name: str, by: str, body: Mapping[str, Any]) -> None:
        """Write down that somebody brought a backup back."""
        entry = self._ledger.record("restore.made", set_name, actor=by, **body)
        await asyncio.wait([entry], timeout=_LEDGER_WITHIN)

    async def show(self, run: str) -> RunInfo:
        """Raises UnknownRunError."""
        return await self._known_runs().show(run)

    async def listed(self, set_name: str) -> dict[str, "list[Found] | str"]:
        """Destination → what lies there now, or why that is not known. Raises BadInputError."""
        return await asyncio.to_thread(self.vault.listed, set_name)

    async def decisions(self, set_name: str) -> dict[str, "list[Decision] | str"]:
        """Destination → what retention says of each backup, or why it says nothing."""
        found: dict[str, list[Decision] | str] = {}
        for name in self.vault.known(set_name).to:
            try:
                found[name] = await asyncio.to_thread(self.vault.decisions, set_name, name)
            except (DestinationError, BadInputError) as error:
                found[name] = str(error)
        return found

    async def rows(self, set_name: str) -> list[Row]:
        """All that is known of a set, oldest first."""
        return await asyncio.to_thread(self.vault.rows, set_name)

    def progress(self, set_name: str) -> Progress | None:
        return self.vault.progress.get(set_name)

    def standings(self) -> list[Standing]:
        """All sets, worst first."""
        now = self._clock.now()
        sets = self.vault.settings.sets
        found = [standing(name, sets[name], rows, now) for name, rows in self._rows.items()]
        return sorted(found, key=lambda each: (-each.state.state.severity, each.set))

    def verdict(self) -> State | None:
        """The worst of all sets; None where there are none."""
        states = [each.state.state for each in self.standings()]
        return worst(states) if states else None

    def due(self) -> list[str]:
        """Sets of which a backup is to be made now."""
        now, sets = self._clock.now(), self.vault.settings.sets
        found = []
        for each in self.standings():
            made_at = [each.made_at.get(name) for name in sets[each.set].to]
            made = None if None in made_at else min(at for at in made_at if at is not None)
            if sets[each.set].schedule.due(made, each.tried_at, self._since, now):
                found.append(each.set)
        return found

    def drills_due(self) -> list[str]:
        """Sets whose restore is to be proved now."""
        now = self._clock.now()
        return [each.set for each in self.standings() if _drill_due(each, now)]

    async def refresh(self) -> None:
        """Learn what runs have written down."""
        for name in list(self._stale):
            await self._remember(name)

    def close(self) -> None:
        self.vault.close()

    async def _remember(self, set_name: str) -> None:
        self._stale.discard(set_name)
        if set_name in self._rows:
            self._rows[set_name] = await self.rows(set_name)

    def _owed(self, set_name: str) -> tuple[str, list[str]]:
        settings, now = self.vault.settings.sets[set_name], self._clock.now()
        return owed(settings, self._rows[set_name], self._since, now)

    def _again(self, set_name: str, what: str) -> str:
        """The same id for some minutes: what ends at once is not begun again all the time."""
        moment = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%dT%H%M")
        return f"backup.{set_name}.{what}.{moment}"

    async def _submit(self, function: str, order: Order, run: str | None) -> str:
        number = run or f"backup.{order.set}.{uuid.uuid4().hex[:8]}"
        submission = Submission(
            number,
            QUEUE.name,
            function,
            order.as_json(),
            partition=order.set,
            single=f"{function} {order.set} {order.depth or order.destination}",
            start_within=_START_WITHIN,
        )
        return await self._known_runs().submit(submission)

    def _known_runs(self) -> Runs:
        if self._runs is None:
            raise BadInputError("nobody carries runs here; nothing was done")
        return self._runs


def _drill_due(standing: Standing, now: float) -> bool:
    drill = standing.settings.drill
    if drill is None or drill.every is None or not standing.made_at:
        return False
    if standing.drilled_at is None:
        return True
    failed = standing.restore is SetState.FAILED
    wait = min(drill.every, _AGAIN_AFTER) if failed else drill.every * _EARLY
    return now >= standing.drilled_at + wait
