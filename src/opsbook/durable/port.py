"""What durable work is to the rooms above: runs to submit and steer, and a run from inside.

A durable function is called again from its beginning when its process was killed. Its steps
give back what they gave before and are not carried out again, so all that may differ the next
time (clocks, chance, files, networks) belongs into a step, and between the steps only the input
and earlier results may decide. The step that was under way is carried out again: it must be
such that this does no harm, as `jobs` makes commands.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeAlias

from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.durable.model import Cancellation, RunInfo, RunState, Submission
from opsbook.durable.values import Json


class DurableError(OpsbookError):
    """Runs cannot be carried or reached."""


class UnknownRunError(BadInputError):
    """There is no such run, or no such step in it."""


class RunStateError(BadInputError):
    """The run is not in a state in which this can be done."""


class StepFailedError(OpsbookError):
    """A step failed; the same is raised whenever the run comes by here again."""

    def __init__(self, step: str, kind: str, message: str) -> None:
        super().__init__(f"step {step}: {message}")
        self.step = step
        self.kind = kind
        """The name of the exception's class."""
        self.message = message


class SignalTimeoutError(OpsbookError):
    """The signal that a run waited for did not come in time."""


class RunCancelledError(OpsbookError):
    """The run is to end. Raised once, at a step's boundary; what may follow is to tidy up."""

    def __init__(self, cancellation: Cancellation, step: str) -> None:
        super().__init__(f"cancelled by {cancellation.by}: {cancellation.reason}")
        self.cancellation = cancellation
        self.step = step


class ChangedRunError(OpsbookError):
    """The function took other steps than when it was carried before."""


class Run(ABC):
    """A run as its function sees it. One step at a time; each has a name of its own."""

    id: str
    round: int
    """How often it was resumed. It belongs into the ids of what a step starts: a resumed run
    would find the end of what failed before."""
    stopping: asyncio.Event
    """Set when it was cancelled: for steps that can stop half way."""

    @abstractmethod
    async def step(self, name: str, action: Callable[[], Awaitable[Json]]) -> Json:
        """The result of the action, which is recorded when it has ended.

        Raises StepFailedError for any exception of the action, which is recorded too, and
        RunCancelledError instead of starting it.
        """

    @abstractmethod
    async def wait_for(self, signal: str, within: float) -> Json:
        """What was said with a signal, since the run was submitted; each is heard once.

        `within` is in seconds from the first time that the run came here, also over restarts.
        Raises SignalTimeoutError and RunCancelledError. It appears as the step `wait:SIGNAL`.
        """

    @abstractmethod
    async def sleep(self, name: str, seconds: float) -> None:
        """Until so many seconds after the first time that the run came here.

        Raises RunCancelledError. It appears as the step `wait:NAME`.
        """


DurableFunction: TypeAlias = Callable[[Run, Json], Awaitable[Json]]


class Runs(ABC):
    """Runs as they are seen and steered from anywhere, also from a process that carries none.

    Everything here raises DurableError while the database cannot be reached.
    """

    @abstractmethod
    async def submit(self, submission: Submission) -> str:
        """The id of the run that stands for it: its own, or that of its `single`.

        Submitting an id again does nothing, whatever else has changed and however it ended.
        """

    @abstractmethod
    async def cancel(self, run_id: str, cancellation: Cancellation) -> None:
        """End it before its next step; at once if it has not begun. Nothing if it has ended.

        A step under way is not interrupted, so the run is `running` until it has ended.
        """

    @abstractmethod
    async def signal(self, run_id: str, name: str, value: Json, key: str) -> None:
        """Say something to a run; a second time with the same key does nothing.

        Raises RunStateError for a run that has ended.
        """

    @abstractmethod
    async def show(self, run_id: str) -> RunInfo:
        """A run with its steps. Raises UnknownRunError."""

    @abstractmethod
    async def find(
        self,
        *,
        states: Collection[RunState] = (),
        prefix: str = "",
        queue: str | None = None,
        limit: int = 100,
    ) -> list[RunInfo]:
        """The newest runs, newest first, whose ids begin with `prefix`; without steps."""

    @abstractmethod
    async def wait(self, run_id: str, within: float) -> RunInfo:
        """The run when it has ended. Raises TimeoutError after so many seconds."""

    @abstractmethod
    async def resume(self, run_id: str, at: str | None = None) -> None:
        """Carry on a failed, cancelled or expired run under its own id.

        It goes on at the step `at`, by default the one at which it stopped: that step and all
        after it are forgotten, with their signals. Raises RunStateError and UnknownRunError.
        """

    @abstractmethod
    async def prune(self, before: float) -> int:
        """Forget the runs that ended before that moment (seconds since 1970); how many."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of the database."""


class Engine(Runs):
    """Runs, and their carrier: at most one in a process."""

    functions: Mapping[str, DurableFunction]
    trouble: str | None = None
    """Why runs may not be carried at the moment, or None."""

    @abstractmethod
    async def open(self) -> None:
        """Become the only carrier of this name, and carry on what was under way.

        Raises BadInputError if another process is, DurableError if the database cannot be
        opened.
        """

    @abstractmethod
    async def drain(self, within: float) -> bool:
        """Start no further step; whether those under way ended in so many seconds.

        The runs stay `running` and are carried on by the next who opens.
        """

    @abstractmethod
    async def stranded(self) -> list[RunInfo]:
        """Runs that another version began and that nobody will carry on by themselves.

        To carry one on with this version: cancel it, then resume it.
        """

    @abstractmethod
    async def close(self) -> None:
        """Stop at once and let another carry on. Steps under way are cancelled."""
