"""The base of every engine: a kind's settings are the fields of its own class."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
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

    async def carry_out(self, task: Task) -> TaskResult:
        """Do it. Cancelling stops its statement."""
        started = time.monotonic()
        change, end, said = Change(), End.REFUSED, task.refused
        if not task.refused:
            try:
                change = await task.work() if task.work else change
                end, said = End.DONE, change.said
            except LockedError as error:
                end, said = End.LOCKED, str(error)
            except DatabaseError as error:
                end, said = End.FAILED, str(error)
        seconds = time.monotonic() - started
        return TaskResult(
            task.name, task.action_class, end, said, change.before, change.after, seconds
        )


engine_kinds: Registry[Engine] = Registry(
    "opsbook.databases.engines",
    Engine,  # type: ignore[type-abstract]
)
