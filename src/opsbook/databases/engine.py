"""The base of every engine: a kind's settings are the fields of its own class."""

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import ClassVar

from opsbook.book.model import Section
from opsbook.core.registry import Registry
from opsbook.databases.limits import Limits
from opsbook.databases.maintain import Baseline, MaintainStep
from opsbook.databases.model import (
    Change,
    DatabaseError,
    End,
    LockedError,
    Report,
    Task,
    TaskResult,
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a task may hold others up, in seconds."""

    lock_wait: float
    """For each lock; then it is given up."""
    statement_time: float
    """For each statement; then it is stopped."""


class Engine(Section, ABC):
    """One database of one kind. Subclasses live in `engines/`, one per file."""

    measures: ClassVar[Mapping[str, str]]
    """The figures of its reports: name with unit → meaning. Each report has all of them."""

    limited: ClassVar[frozenset[str]] = frozenset()
    """Which of the limits it can hold its figures against."""

    steps: ClassVar[frozenset[str]] = frozenset()
    """Which steps of maintenance it knows."""

    confirmed: ClassVar[frozenset[str]] = frozenset()
    """Which of them come to tasks of class 2: nobody does these by itself without a signature."""

    has_baselines: ClassVar[bool] = False
    """Whether durations can be asked of its tables."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """Which database, for people. Never a secret."""

    @abstractmethod
    async def report(
        self, limits: Limits, baselines: Mapping[str, Baseline], patience: Patience, now: float
    ) -> Report:
        """Change nothing; find out. `now` is in seconds since 1970.

        Raises DatabaseError where it cannot be reached. Cancelling stops it.
        """

    @abstractmethod
    async def plan(
        self, steps: Sequence[MaintainStep], patience: Patience, now: float
    ) -> list[Task]:
        """The tasks that these steps come to as things are now; `now` fixes every cut-off.

        Changes nothing. Raises DatabaseError.
        """

    def alone(self, patience: Patience) -> AbstractAsyncContextManager[None]:
        """Nobody else's Opsbook maintains it until the block ends, where the kind can say so.

        Raises DatabaseError where somebody does.
        """
        return nullcontext()

    async def carry_out(self, task: Task, *, again: bool = False) -> TaskResult:
        """Do it. Cancelling stops its statement.

        `again`: an Opsbook died during it, and as things are now it would still be to be done.
        """
        started = time.monotonic()
        change, end, said = Change(), End.DONE, ""
        if task.refused and not (again and task.again):
            end, said = End.REFUSED, task.refused
        elif again and not task.again:
            end, said = End.UNKNOWN, _left(task)
        elif work := task.again if again else task.work:
            change, end, said = await _done(work)
        seconds = time.monotonic() - started
        return TaskResult(
            task.name, task.action_class, end, said, change.before, change.after, seconds
        )


async def _done(work: Callable[[], Awaitable[Change]]) -> tuple[Change, End, str]:
    try:
        change = await work()
    except LockedError as error:
        return Change(), End.LOCKED, str(error)
    except DatabaseError as error:
        return Change(), End.FAILED, str(error)
    return change, End.DONE, change.said


def _left(task: Task) -> str:
    now = f"{task.preview} to be done" if task.preview else "it is still to be done"
    return f"it was under way when Opsbook died; what the database says now: {now}"


engine_kinds: Registry[Engine] = Registry(
    "opsbook.databases.engines",
    Engine,  # type: ignore[type-abstract]
)
