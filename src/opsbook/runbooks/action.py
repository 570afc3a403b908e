"""The base of what a step can do: a kind's settings are the fields of its own class."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from opsbook.book.model import Section
from opsbook.core.errors import OpsbookError
from opsbook.core.registry import Registry
from opsbook.durable.values import Json
from opsbook.runbooks.context import Context
from opsbook.runbooks.course import Course
from opsbook.runbooks.template import Template

Thing = Literal["check", "service", "receiver", "runbook", "host"]


class ActionFailedError(OpsbookError):
    """The step did not do what it should; the message says at what, why, and what to do."""

    def __init__(self, message: str, result: Mapping[str, Json] | None = None) -> None:
        super().__init__(message)
        self.result = dict(result or {})
        """What is known of it all the same, such as a command's exit code."""


class ActionUnknownError(OpsbookError):
    """Nobody knows whether the step did what it should: it must not be done again unasked."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an action would change, for people, as it is seen now."""

    what: str
    before: str
    after: str


class Action(Section, ABC):
    """Does one thing. Subclasses live in `steps/`, one per file."""

    gives: ClassVar[Mapping[str, str]] = {}
    """The fields of its result → meaning; later steps read them as `steps.NAME.FIELD`."""

    shows: ClassVar[frozenset[str]] = frozenset()
    """Its fields that anybody on the host can read while it runs: no secret may stand there."""

    class_told: ClassVar[str] = "0: it only looks."
    """Its class for people, where `least_class` depends on what the book says."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """What it is about, as the book writes it. Never a secret."""

    @property
    def least_class(self) -> int | None:
        """The class of what it does, from 0 (looks only) to 4; a book may say more, not less.
        None where only the book can know: then it must say."""
        return 0

    @property
    def target(self) -> Template | None:
        """The service that it changes, if it is one: there is one change at a time to each."""
        return None

    def names(self) -> Iterable[tuple[Thing, str]]:
        """What it refers to by a name without a template in it: the loader looks for each."""
        return ()

    async def preview(self, context: Context) -> Change | None:
        """What it would change, found out by looking only; None for what changes nothing.

        Raises ActionFailedError if it could not do it now.
        """
        return None

    async def foresee(self, course: Course) -> tuple[dict[str, Json], str]:
        """What a dry run finds at a step of class 0, and a remark on it: what the step itself
        finds, unless that takes long.

        Raises what `proceed` raises.
        """
        return await self.proceed(course), ""

    @abstractmethod
    async def carry_out(self, context: Context) -> dict[str, Json]:
        """Do it; the fields of its result, which are recorded.

        Carried out again after a crash in the middle it must do no harm: `context.job_id` is
        the same then. Ends early once `context.stopping` is set. The caller sets the deadline.
        Raises ActionFailedError, ActionUnknownError, BadInputError.
        """

    async def proceed(self, course: Course) -> dict[str, Json]:
        """How the run goes through this step: by default by carrying it out as one durable
        step. Only what consists of other steps, or waits for people, does otherwise."""
        return await course.act(self)


action_kinds: Registry[Action] = Registry(
    "opsbook.runbooks.steps",
    Action,  # type: ignore[type-abstract]
)
