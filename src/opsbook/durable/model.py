"""Runs and steps as they are shown."""

import re
from dataclasses import dataclass
from enum import StrEnum

from opsbook.core.errors import BadInputError
from opsbook.durable.values import Json

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}")


class RunState(StrEnum):
    WAITING = "waiting"
    """On its queue; nothing of it has happened."""
    RUNNING = "running"
    """Begun and not ended, also while nobody is there to carry it on."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Nobody started it in time; nothing of it has happened."""

    @property
    def ended(self) -> bool:
        return self not in (RunState.WAITING, RunState.RUNNING)


class StepState(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """The run was cancelled before this step, which did not happen."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Where runs wait for who carries them. Names are free, but for a leading underscore."""

    name: str
    at_once: int | None = None
    """How many of its runs may be under way, over all processes; None for no limit."""
    partitioned: bool = False
    """Whether each of its runs names a partition and no partition has two under way.

    A run holds its partition from its start to its end, also while it sleeps or waits.
    """
    poll: float = 0.5
    """Seconds between two looks for new runs; four looks cost about 1 % of a core."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A run to be carried out."""

    id: str
    """Given by who submits, and the same for the same work: it happens once."""
    queue: str
    function: str
    """Which of the functions that the carriers of the queue know."""
    input: Json = None
    """All that the run depends on, such as the whole runbook: it may change in the meantime."""
    partition: str | None = None
    """What is locked, in a queue with partitions."""
    single: str | None = None
    """While a run of this queue with the same `single` has not ended, no other is made."""
    start_within: float | None = None
    """Seconds; not started by then, it expires and never starts."""

    def __post_init__(self) -> None:
        check_id(self.id)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Who wants a run to end, and why."""

    by: str
    reason: str
    expired: bool = False


@dataclass(frozen=True, slots=True)
class StepInfo:
    """A step that has ended: steps under way are not recorded."""

    name: str
    state: StepState
    result: Json
    error: str | None
    started_at: float
    """Seconds since 1970, as is `ended_at`."""
    ended_at: float


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run, as far as it is known.

    Times are seconds since 1970; DBOS keeps start and end on SQLite to the second only, before
    Python 3.12.
    """

    id: str
    state: RunState
    function: str
    queue: str
    partition: str | None
    input: Json
    result: Json
    error: str | None
    """Why it failed."""
    stopped_at: str | None
    """The step at which it failed or was cancelled, where that was at a step."""
    cancellation: Cancellation | None
    """Also while it still runs: then it ends before its next step."""
    round: int
    """How often it was resumed."""
    version: str | None
    """Of the functions that carry it; None before it is started."""
    submitted_at: float
    started_at: float | None
    ended_at: float | None
    steps: tuple[StepInfo, ...] = ()
    """Only where a single run is shown."""


def check_id(identifier: str) -> str:
    """An id is also a name of files. Raises BadInputError."""
    if not _ID.fullmatch(identifier):
        raise BadInputError(
            f"not an id: {identifier!r}; use up to 200 letters, digits and . _ : @ + -, "
            "with a letter or digit first"
        )
    return identifier
