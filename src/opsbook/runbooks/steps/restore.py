"""`restore`: a backup comes back under a fresh name."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import ClassVar

from opsbook.backups.threaded import to_its_end
from opsbook.book.fields import Name
from opsbook.core.errors import OpsbookError
from opsbook.durable.values import Json
from opsbook.runbooks.action import Action, ActionFailedError, Change
from opsbook.runbooks.context import Context
from opsbook.runbooks.noting import note, noted
from opsbook.runbooks.template import Template


class Restore(Action):
    """Restores a backup into a new database, directory or file, never into one that is there."""

    set: Name
    """The set of `backups`."""
    backup: Template = Template("latest")
    """Which one; the newest good one if not given."""
    into: Template
    """A name that nothing has, such as one with `{{ run.id }}` in it."""
    undo: bool = False
    """Remove what the same step of this run has restored; nothing else is ever removed."""

    class_told: ClassVar[str] = "1."
    gives: ClassVar[Mapping[str, str]] = {
        "backup": "the backup's id",
        "into": "the name that it has now",
        "message": "what was made or removed",
    }

    @property
    def subject(self) -> str:
        return f"{self.into}: {'removed' if self.undo else f'backup {self.set}/{self.backup}'}"

    @property
    def least_class(self) -> int:
        return 1

    async def preview(self, context: Context) -> Change:
        into = context.text(self.into)
        if self.undo:
            return Change(into, "what this run restored", "gone")
        try:
            recovery = context.hands.recovery(self.set)
            chosen = await asyncio.to_thread(recovery.choose, context.text(self.backup))
            await asyncio.to_thread(recovery.ready, chosen, into)
        except OpsbookError as error:
            raise ActionFailedError(f"{self.subject}: {error}") from None
        told = f"what {self.set} was at {chosen.manifest.consistent_at or 'no single moment'}"
        return Change(into, "not there", told)

    async def carry_out(self, context: Context) -> dict[str, Json]:
        into = context.text(self.into)
        try:
            if self.undo:
                return await self._removed(context, into)
            return await self._restored(context, into)
        except ActionFailedError:
            raise
        except OpsbookError as error:
            raise ActionFailedError(f"{self.subject}: {error}") from None

    async def _restored(self, context: Context, into: str) -> dict[str, Json]:
        """What a life before this one had begun is of no use: it is removed and made anew."""
        recovery = context.hands.recovery(self.set)
        begun = self._begun(context, into)
        if noted(context, begun):
            await asyncio.to_thread(recovery.places.discard, into)
        chosen = await asyncio.to_thread(recovery.choose, context.text(self.backup))
        await asyncio.to_thread(recovery.ready, chosen, into)
        await note(context, begun)
        made = await to_its_end(lambda halt: recovery.restore(chosen, into, halt), context.stopping)
        return {"backup": chosen.manifest.id, "into": into, "message": made}

    async def _removed(self, context: Context, into: str) -> dict[str, Json]:
        if not noted(context, self._begun(context, into)):
            return {"into": into, "message": "this run restored nothing there"}
        recovery = context.hands.recovery(self.set)
        await asyncio.to_thread(recovery.places.discard, into)
        return {"into": into, "message": "removed"}

    def _begun(self, context: Context, into: str) -> str:
        digest = hashlib.sha256(f"{self.set}\0{into}".encode()).hexdigest()[:16]
        return f"{context.run}.restore.{digest}"
