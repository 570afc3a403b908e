"""`swap`: what was restored takes the place of what services use."""

import asyncio
import hashlib
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from opsbook.backups.threaded import to_its_end
from opsbook.book.fields import Name
from opsbook.core.errors import OpsbookError
from opsbook.durable.values import Json
from opsbook.runbooks.action import Action, ActionFailedError, Change
from opsbook.runbooks.context import Context
from opsbook.runbooks.noting import note, noted
from opsbook.runbooks.template import Template

if TYPE_CHECKING:
    from opsbook.backups.recovery import Recovery


class Swap(Action):
    """Puts what was restored where services look for it, and keeps what was there.

    Databases of PostgreSQL are renamed in one transaction, and connections to them are ended;
    files and directories are renamed one after the other, by names that tell a crash in between.
    """

    set: Name
    """The set of `backups`."""
    fresh: Template
    """The name under which it was restored."""
    to: Template = Template("")
    """The name that services use; what the set backs up if not given."""
    keep: Template
    """A name that nothing has: what was there is kept under it."""
    undo: bool = False
    """Take back what the same step of this run did, however far it had come."""

    class_told: ClassVar[str] = "3."
    gives: ClassVar[Mapping[str, str]] = {
        "to": "the name that services use",
        "kept": "where that lies which was there; empty where nothing was",
        "message": "what was done",
    }

    @property
    def subject(self) -> str:
        return (
            f"swap {self.set}: {self.fresh} ⇄ {str(self.to) or 'what is used'}, kept as {self.keep}"
        )

    @property
    def least_class(self) -> int:
        return 3

    async def preview(self, context: Context) -> Change:
        fresh, keep = context.text(self.fresh), context.text(self.keep)
        try:
            recovery = context.hands.recovery(self.set)
            to = await asyncio.to_thread(recovery.used, context.text(self.to))
            there = await asyncio.to_thread(recovery.places.there, to)
        except OpsbookError as error:
            raise ActionFailedError(f"{self.subject}: {error}") from None
        if self.undo:
            return Change(to, "as it is", f"what {keep} is now")
        before = "as it is" if there else "not there"
        return Change(to, before, f"what {fresh} is" + (f"; kept as {keep}" if there else ""))

    async def carry_out(self, context: Context) -> dict[str, Json]:
        try:
            recovery = context.hands.recovery(self.set)
            to = await asyncio.to_thread(recovery.used, context.text(self.to))
            act = self._taken_back if self.undo else self._swapped
            message = await act(context, recovery, to)
            keep = context.text(self.keep)
            kept = await asyncio.to_thread(recovery.places.there, keep)
        except ActionFailedError:
            raise
        except OpsbookError as error:
            raise ActionFailedError(f"{self.subject}: {error}") from None
        return {"to": to, "kept": keep if kept else "", "message": message}

    async def _swapped(self, context: Context, recovery: "Recovery", to: str) -> str:
        fresh, keep = context.text(self.fresh), context.text(self.keep)
        this = self._id(context, "begun", to)
        begun = noted(context, this)

        def swap(halt: threading.Event) -> None:
            recovery.swap(fresh, to, keep, halt, begun=begun)

        if not begun:
            await asyncio.to_thread(recovery.swappable, fresh, to, keep)
            await note(context, this)
        await to_its_end(swap, context.stopping)
        return f"{to} is what {fresh} was"

    async def _taken_back(self, context: Context, recovery: "Recovery", to: str) -> str:
        """Done once: later, these names can mean something else."""
        fresh, keep = context.text(self.fresh), context.text(self.keep)
        done = self._id(context, "undone", to)
        if noted(context, done) or not noted(context, self._id(context, "begun", to)):
            return f"{to}: there is nothing to take back"

        def swap_back(halt: threading.Event) -> None:
            recovery.swap_back(fresh, to, keep, halt)

        await to_its_end(swap_back, context.stopping)
        await note(context, done)
        return f"{to} is what it was"

    def _id(self, context: Context, what: str, to: str) -> str:
        named = "\0".join((self.set, context.text(self.fresh), to, context.text(self.keep)))
        return f"{context.run}.swap-{what}.{hashlib.sha256(named.encode()).hexdigest()[:16]}"
