"""Backups, verifications and prunings as durable runs: carried to their end whatever dies.

backup: begin → make → check → choose → prune → record
        (one that is there and lacks at a destination: send → check → …)
verify: look → record
prune:  choose → prune → record
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from sqlalchemy import Engine

from opsbook.backups.destination import DestinationError
from opsbook.backups.store import recorded
from opsbook.backups.threaded import to_its_end
from opsbook.backups.vault import Vault
from opsbook.backups.verification import Depth, Verdict
from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.durable.port import Run, RunCancelledError, StepFailedError
from opsbook.durable.surely import surely
from opsbook.durable.values import Json
from opsbook.state.ledger import Ledger

_LEDGER_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants of a set."""

    set: str
    asked_by: str
    why: str
    retention: str = ""
    """The class of a backup to be made."""
    depth: str = ""
    """Of a verification."""
    destination: str = ""
    """Where the backup to be verified lies; with no `backup`, the newest anywhere. Or where that
    backup is to be sent."""
    backup: str = ""
    """One that is there already."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Course:
    """The functions of the room's runs."""

    def __init__(
        self, vault: Vault, engine: Engine, ledger: Ledger, changed: Callable[[str], None]
    ) -> None:
        """`changed` is told of each set of which more is known now."""
        self.vault = vault
        self._engine = engine
        self._ledger = ledger
        self._changed = changed

    async def backup(self, run: Run, value: Json) -> Json:
        """From the wish to what is known of the new backup, or of one that was sent on."""
        order = _order(value)
        made: Any = {"good": [], "errors": {order.set: "it was not begun"}, "evidence": {}}
        backup = order.backup
        checked: dict[str, Any] = {}
        pruned: dict[str, Any] = {}
        cancelled: RunCancelledError | None = None
        try:
            if order.backup:
                made = await run.step("send", lambda: self.send(run, order))
            else:
                backup = str(await run.step("begin", lambda: self.begin(order)))
                made = await run.step("make", lambda: self.make(run, order, backup))
            checked = await self._checked(run, order, backup, made["good"])
            pruned = await self._pruned(
                run, order, [name for name in checked if checked[name]["ok"]]
            )
        except StepFailedError as error:
            made = {**made, "errors": {**made["errors"], error.step: error.message}}
        except RunCancelledError as error:
            cancelled = error
            made = {**made, "errors": {**made["errors"], order.set: str(error)}}
        told = {"backup": backup, **made, "checked": checked, "pruned": pruned}
        await surely(run, "record", lambda: self.record_backup(run, order, told))
        if cancelled is not None:
            raise cancelled
        good = not made["errors"] and all(each["ok"] for each in checked.values())
        return {"state": "good" if good else "failed", **told}

    async def verify(self, run: Run, value: Json) -> Json:
        """What a verification found, at the depth that was asked for."""
        order = _order(value)
        try:
            found: Any = await run.step("look", lambda: self.look(run, order))
        except StepFailedError as error:
            unknown = Verdict(Depth(order.depth), None, error.message).as_json()
            found = {"destination": order.destination, "backup": order.backup, "verdict": unknown}
        await surely(run, "record", lambda: self.record_verdict(run, order, found))
        state = {True: "good", False: "failed", None: "unknown"}[found["verdict"]["ok"]]
        return {"state": state, **found}

    async def prune(self, run: Run, value: Json) -> Json:
        """What was removed, and what could not be."""
        order = _order(value)
        pruned = await self._pruned(run, order, self.vault.known(order.set).to)
        await surely(run, "record", lambda: self.record_pruned(run, order, pruned))
        failed = any(each["error"] for each in pruned.values())
        return {"state": "failed" if failed else "good", "pruned": pruned}

    async def begin(self, order: Order) -> Json:
        return await asyncio.to_thread(self.vault.begin, order.set)

    async def make(self, run: Run, order: Order, backup: str) -> Json:
        call = partial(self.vault.make, order.set, backup, order.retention)
        return await to_its_end(call, run.stopping)

    async def send(self, run: Run, order: Order) -> Json:
        call = partial(self.vault.send, order.set, order.backup, order.destination)
        return await to_its_end(call, run.stopping)

    async def check(self, run: Run, order: Order, backup: str, destination: str) -> Json:
        call = partial(self.vault.verify, order.set, destination, backup, Depth.CHECK)
        return (await to_its_end(call, run.stopping)).as_json()

    async def choose(self, order: Order, destination: str) -> Json:
        """Backup → why it goes, and why nothing can be said."""
        try:
            decided = await asyncio.to_thread(self.vault.decisions, order.set, destination)
        except (DestinationError, BadInputError) as error:
            return {"chosen": {}, "error": str(error)}
        return {"chosen": {each.id: each.reason for each in decided if not each.keep}, "error": ""}

    async def remove(self, order: Order, destination: str, chosen: Mapping[str, str]) -> Json:
        """Those that are gone, and why others are not."""
        try:
            gone = await asyncio.to_thread(self.vault.prune, order.set, destination, chosen)
        except (DestinationError, BadInputError) as error:
            return {"gone": {}, "error": str(error)}
        return {"gone": {each: chosen[each] for each in gone}, "error": ""}

    async def look(self, run: Run, order: Order) -> Json:
        destination, backup, depth = order.destination, order.backup, Depth(order.depth)
        try:
            if not backup:
                destination, backup = await asyncio.to_thread(self.vault.newest, order.set)
            call = partial(self.vault.verify, order.set, destination, backup, depth)
            verdict = await to_its_end(call, run.stopping)
        except OpsbookError as error:
            verdict = Verdict(depth, None, str(error))
        return {"destination": destination, "backup": backup, "verdict": verdict.as_json()}

    async def record_backup(self, run: Run, order: Order, told: Mapping[str, Any]) -> Json:
        """Once, however often this is carried out."""
        known = await self._known(run, order)
        about: dict[str, Any] = {"run": run.id, "backup": told["backup"], "why": order.why}
        body = {"destinations": told["good"], **told["evidence"], **about}
        if told["good"] and order.backup and "backup.sent" not in known:
            await _written(
                self._ledger.record("backup.sent", order.set, actor=order.asked_by, **body)
            )
        elif told["good"] and not order.backup and "backup.made" not in known:
            await _written(
                self._ledger.record("backup.made", order.set, actor=order.asked_by, **body)
            )
        if told["errors"] and "backup.failed" not in known:
            body = {"errors": told["errors"], **about}
            await _written(
                self._ledger.record("backup.failed", order.set, actor=order.asked_by, **body)
            )
        for destination, verdict in told["checked"].items():
            found = {"destination": destination, "backup": told["backup"], "verdict": verdict}
            await self.record_verdict(run, order, found)
        return await self.record_pruned(run, order, told["pruned"])

    async def record_verdict(self, run: Run, order: Order, found: Mapping[str, Any]) -> Json:
        verdict, destination = found["verdict"], found["destination"]
        restore = verdict["depth"] == Depth.RESTORE
        for entry in await self._entries(run, order):
            body = entry["body"]
            if (body.get("destination"), body.get("depth")) == (destination, verdict["depth"]):
                return None
        body = {"run": run.id, "destination": destination, "backup": found["backup"]}
        body |= {"depth": verdict["depth"], "message": verdict["message"], **verdict["evidence"]}
        about = {"known": verdict["ok"] is not None, "damaged": verdict["damaged"], **body}
        who = order.asked_by
        if restore and verdict["ok"]:
            written = self._ledger.record("restore.proved", order.set, actor=who, **body)
        elif restore:
            written = self._ledger.record("restore.failed", order.set, actor=who, **about)
        elif verdict["ok"]:
            written = self._ledger.record("backup.verified", order.set, actor=who, **body)
        else:
            written = self._ledger.record(
                "backup.verification_failed", order.set, actor=who, **about
            )
        await _written(written)
        self._changed(order.set)
        return None

    async def record_pruned(self, run: Run, order: Order, pruned: Mapping[str, Any]) -> Json:
        known = [entry["body"].get("pruned") for entry in await self._entries(run, order)]
        for destination, each in pruned.items():
            for backup, reason in each["gone"].items():
                if f"{destination}/{backup}" not in known:
                    await _written(
                        self._ledger.record(
                            "backup.pruned",
                            order.set,
                            actor=order.asked_by,
                            run=run.id,
                            pruned=f"{destination}/{backup}",
                            reason=reason,
                        )
                    )
        self._changed(order.set)
        return None

    async def _checked(
        self, run: Run, order: Order, backup: str, destinations: list[str]
    ) -> dict[str, Any]:
        """Every byte of each copy, where it lies now: only a verified one lets others go."""
        checked: dict[str, Any] = {}
        for name in destinations:
            check = partial(self.check, run, order, backup, name)
            verdict: Any = await run.step(f"check at {name}", check)
            checked[name] = verdict
        return checked

    async def _pruned(self, run: Run, order: Order, destinations: list[str]) -> dict[str, Any]:
        pruned: dict[str, Any] = {}
        for name in destinations:
            chosen: Any = await run.step(f"choose at {name}", partial(self.choose, order, name))
            if not chosen["chosen"]:
                pruned[name] = {"gone": {}, "error": chosen["error"]}
                continue
            remove = partial(self.remove, order, name, chosen["chosen"])
            removed: Any = await run.step(f"prune at {name}", remove)
            pruned[name] = removed
        return pruned

    async def _known(self, run: Run, order: Order) -> set[str]:
        return {entry["kind"] for entry in await self._entries(run, order)}

    async def _entries(self, run: Run, order: Order) -> list[dict[str, Any]]:
        found = await asyncio.to_thread(recorded, self._engine, order.set, run.id)
        return [each.as_dict() for each in found]


def _order(value: Any) -> Order:
    return Order(**value)


async def _written(entry: "asyncio.Future[Any]") -> None:
    """Wait for the disk, but not for ever: the ledger keeps what it cannot write yet."""
    await asyncio.wait([entry], timeout=_LEDGER_WITHIN)
