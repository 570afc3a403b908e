"""`service`: a service of the book is started, stopped, restarted, reloaded or scaled."""

import re
from collections.abc import Iterable, Mapping
from typing import ClassVar, Self, cast

from pydantic import model_validator

from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.durable.port import DurableError
from opsbook.durable.values import Json
from opsbook.runbooks.action import (
    Action,
    ActionFailedError,
    ActionUnknownError,
    Change,
    Thing,
)
from opsbook.runbooks.context import Context
from opsbook.runbooks.course import Course
from opsbook.runbooks.hands import Verb
from opsbook.runbooks.template import Template

_VERBS = ("restart", "start", "stop", "reload", "scale")
_MOST_REPLICAS = 10_000
_COUNT = re.compile(r"[+-]?\d{1,5}")
_AFTER = {
    "restart": "a new instance runs",
    "start": "it runs",
    "stop": "it does not run",
    "reload": "it runs with what its configuration says now",
}


class Service(Action):
    """Has a service of the book started, stopped, restarted, reloaded or scaled, and verified."""

    restart: Template | None = None
    """The service to restart."""
    start: Template | None = None
    """The service to start; nothing happens to one that runs."""
    stop: Template | None = None
    """The service to stop, until somebody starts it."""
    reload: Template | None = None
    """The service to have read its configuration again."""
    scale: Template | None = None
    """The service of which there shall be more or fewer."""
    to: Template | None = None
    """How many of it shall run: a number; or `"+2"`, in quotes, for two more than now."""

    class_told: ClassVar[str] = "2 for `stop`, 1 for the others."
    gives: ClassVar[Mapping[str, str]] = {
        "before": "how it stood",
        "after": "how it stands",
        "verified": "whether its checks are well after it; false also where none proves it",
        "message": "what there is to say about it",
        "evidence": "numbers of the ledger entries that tell it",
    }

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        given = [verb for verb in _VERBS if getattr(self, verb) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(_VERBS)}, with the service's name")
        if (self.to is not None) != (given == ["scale"]):
            raise ValueError("`scale` and `to` need each other: how many shall run")
        return self

    @property
    def verb(self) -> Verb:
        return cast("Verb", next(verb for verb in _VERBS if getattr(self, verb) is not None))

    @property
    def target(self) -> Template:
        """The name of the service."""
        name: Template = getattr(self, self.verb)
        return name

    @property
    def subject(self) -> str:
        return f"{self.verb} {self.target}" + (f" to {self.to}" if self.to else "")

    @property
    def least_class(self) -> int:
        return 2 if self.verb == "stop" else 1

    def names(self) -> Iterable[tuple[Thing, str]]:
        return [("service", self.target.fixed)] if self.target.fixed is not None else []

    async def preview(self, context: Context) -> Change:
        name = context.text(self.target)
        before = await context.hands.standing(name)
        if self.to is None:
            return Change(f"service {name}", before, _AFTER[self.verb])
        now = await context.hands.replicas(name)
        known = before if now is None else f"{now} run: {before}"
        return Change(f"service {name}", known, f"{await self._replicas(context)} run")

    async def proceed(self, course: Course) -> dict[str, Json]:
        """Two more than now is decided once: carried out again, it would be four more."""
        if self.to is None or course.context.text(self.to).strip()[:1] not in ("+", "-"):
            return await course.act(self)
        count = await course.record("replicas", lambda: self._replicas(course.context))
        return await course.act(self.model_copy(update={"to": Template(str(count))}))

    async def carry_out(self, context: Context) -> dict[str, Json]:
        """An order is not torn: a restart that ends in the middle leaves nothing running."""
        replicas = await self._replicas(context) if self.to is not None else None
        try:
            done = await context.hands.order(
                context.text(self.target),
                self.verb,
                by=context.by,
                why=context.why,
                key=context.job_id,
                replicas=replicas,
            )
        except (BadInputError, ActionFailedError, ActionUnknownError, DurableError):
            raise
        except OpsbookError as error:
            raise ActionFailedError(f"{self.subject}: {error}") from None
        return {
            "before": done.before,
            "after": done.after,
            "verified": done.verified,
            "message": done.message,
            "evidence": list(done.evidence),
        }

    async def _replicas(self, context: Context) -> int:
        assert self.to is not None
        text = context.text(self.to).strip()
        if not _COUNT.fullmatch(text):
            raise BadInputError(f"{self.subject}: not a number of replicas (got {text!r})")
        count = int(text)
        if text[0] in "+-":
            count += await self._now(context)
        return min(max(count, 0), _MOST_REPLICAS)

    async def _now(self, context: Context) -> int:
        name = context.text(self.target)
        now = await context.hands.replicas(name)
        if now is None:
            raise BadInputError(
                f"{self.subject}: nobody can tell how many of {name} run; say how many shall"
            )
        return now
