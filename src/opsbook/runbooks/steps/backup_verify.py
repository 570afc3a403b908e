"""`backup-verify`: a backup is as it was made, or something holds what it holds."""

import asyncio
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from opsbook.backups.threaded import to_its_end
from opsbook.backups.verification import Depth
from opsbook.book.fields import Name
from opsbook.core.errors import OpsbookError
from opsbook.core.units import format_size
from opsbook.durable.values import Json
from opsbook.runbooks.action import Action, ActionFailedError
from opsbook.runbooks.context import Context
from opsbook.runbooks.course import Course
from opsbook.runbooks.template import Template

if TYPE_CHECKING:
    from opsbook.backups.recovery import Recovery


class BackupVerify(Action):
    """Looks whether a backup is good; with `place`, whether something holds what it holds."""

    set: Name
    """The set of `backups`."""
    backup: Template = Template("latest")
    """Which one; the newest good one if not given."""
    depth: Literal["check", "open", "restore"] = "check"
    """How far to go: every byte, readable to its end, or restored into a throwaway place."""
    place: Template | None = None
    """A database, directory or file to look at instead; empty for what the set backs up."""
    state: Literal["holds", "there", "gone"] = "holds"
    """What `place` must be: the same as the backup, merely there, or not there. Of files that
    were restored it is only looked whether they are there: the restore has compared them."""

    gives: ClassVar[Mapping[str, str]] = {
        "backup": "the backup's id",
        "destination": "where it lies",
        "proven": "whether it is good, or the place as it must be",
        "message": "what was found",
    }

    @property
    def subject(self) -> str:
        about = f"backup {self.set}/{self.backup}"
        if self.place is None:
            return f"{about} ({self.depth})"
        return f"{self.place} {self.state}: {about}"

    async def foresee(self, course: Course) -> tuple[dict[str, Json], str]:
        """Which backup it would be, and that it is there: to read all of it can take hours."""
        context = course.context
        if self.place is not None:
            return await super().foresee(course)
        try:
            recovery = context.hands.recovery(self.set)
            chosen = await asyncio.to_thread(recovery.choose, context.text(self.backup))
        except OpsbookError as error:
            raise ActionFailedError(f"{self.subject}: {error}") from None
        manifest = chosen.manifest
        found: dict[str, Json] = {"backup": manifest.id, "destination": chosen.destination}
        stored = format_size(sum(file.size for file in manifest.files))
        passed_over = "".join(f"; passed over: {each}" for each in chosen.passed_over)
        return found, (
            f"{manifest.id} at {chosen.destination}, {stored}; its bytes are read when the run "
            f"comes to it{passed_over}"
        )

    async def carry_out(self, context: Context) -> dict[str, Json]:
        try:
            recovery = context.hands.recovery(self.set)
            if self.place is not None:
                return await to_its_end(
                    lambda halt: self._looked(recovery, context, halt), context.stopping
                )
            return await self._verified(recovery, context)
        except ActionFailedError:
            raise
        except OpsbookError as error:
            raise ActionFailedError(f"{self.subject}: {error}") from None

    async def _verified(self, recovery: "Recovery", context: Context) -> dict[str, Json]:
        backup, depth = context.text(self.backup), Depth(self.depth)
        chosen, verdict = await to_its_end(
            lambda halt: recovery.verify(backup, depth, halt), context.stopping
        )
        result: dict[str, Json] = {
            "backup": chosen.manifest.id,
            "destination": chosen.destination,
            "proven": bool(verdict.ok),
            "message": verdict.message,
        }
        if not verdict.ok:
            raise ActionFailedError(f"{self.subject}: {verdict.message}", result)
        return result

    def _looked(
        self, recovery: "Recovery", context: Context, halt: threading.Event
    ) -> dict[str, Json]:
        assert self.place is not None
        name = recovery.used(context.text(self.place))
        if self.state == "holds":
            recovery.holds(name, context.text(self.backup), halt)
        elif recovery.places.there(name) != (self.state == "there"):
            raise ActionFailedError(f"{self.subject}: {name} is {self._other}")
        return {"proven": True, "message": f"{name} {self.state}"}

    @property
    def _other(self) -> str:
        return "gone" if self.state == "there" else "there"
