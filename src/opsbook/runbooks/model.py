"""Runs of runbooks as they are asked for and as they are shown. Times: seconds since 1970."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from opsbook.durable.model import Cancellation, RunState
from opsbook.durable.values import Json
from opsbook.runbooks.action import Change
from opsbook.runbooks.parameters import ParameterSettings
from opsbook.state.people import Person

Choice = Literal["retry", "skip", "rollback", "stop"]
"""What a person can decide about a step that failed."""
StepStanding = Literal[
    "waiting", "running", "done", "failed", "skipped", "printed", "rolled back", "not begun"
]


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants a runbook carried out, and why."""

    runbook: str
    by: Person
    why: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    confirm: str = ""
    """The target's name, typed: class 2 and above want it of a person."""
    alert: str | None = None
    """The fingerprint of the alert that it answers: one run at a time for each."""
    incident: str | None = None
    unattended: bool = False
    """Nobody watches: limits apply, and class 2 and above want a signed plan."""
    plan: str | None = None
    """The digest of a signed plan."""
    drill: str | None = None
    """The drill that makes it: what it rolls back counts as proven."""
    roll_back: bool = False
    """Take everything back at the end, also where nothing failed."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What a run would do at one step, as far as it can be told now."""

    path: str
    kind: str
    subject: str
    action_class: int
    would_run: bool | None
    """None where only the run itself can tell."""
    reason: str
    prechecks: Mapping[str, str]
    """Name → what was found; `failed: …` where it would keep the step from running."""
    change: Change | None
    verified_by: tuple[str, ...]
    rolled_back_by: tuple[str, ...]
    no_rollback: str
    proven: bool | None
    """Whether a drill has exercised the rollback as it stands; None where there is none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do. The digest is of the procedure and its parameters, not of what was
    found: it is what an approver signs."""

    runbook: str
    parameters: Mapping[str, Json]
    run_class: int
    confirm: str
    """What would have to be typed; nothing below class 2."""
    steps: tuple[PlannedStep, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a run waits for."""

    what: str
    kind: Literal["queue", "approval", "decision", "service", "time"]
    since: float
    until: float | None
    step: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepView:
    path: str
    kind: str
    subject: str
    action_class: int
    state: StepStanding
    tries: int
    started_at: float | None
    ended_at: float | None
    result: Json = None
    error: str | None = None
    verified: Json = None
    """What its proofs found."""


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with its steps."""

    id: str
    runbook: str
    state: RunState
    by: str
    why: str
    parameters: Mapping[str, Json]
    run_class: int
    alert: str | None
    incident: str | None
    drill: str | None
    unattended: bool
    requested_at: float
    started_at: float | None
    ended_at: float | None
    round: int
    """How often it was resumed."""
    error: str | None
    cancellation: Cancellation | None
    waiting: Waiting | None
    rolled_back: bool
    steps: tuple[StepView, ...] = ()
    """Only where a single run is shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something a run did or wrote; `position` is where what follows it begins."""

    position: int
    at: float | None
    kind: Literal["begun", "ended", "failed", "skipped", "waiting", "output", "run"]
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class OutlinedStep:
    """A step as the book writes it, before anything of a run is known."""

    path: str
    kind: str
    subject: str
    description: str
    action_class: int
    condition: str
    """It is left out where this does not hold; empty where it is always done."""
    verified_by: tuple[str, ...]
    rolled_back_by: tuple[str, ...]
    no_rollback: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A runbook of the book."""

    name: str
    description: str
    run_class: int
    parameters: Mapping[str, ParameterSettings]
    outline: tuple[OutlinedStep, ...]
    """Its own steps; those within them are told by a dry run."""
    steps: int
    confirm: str
    """What must be typed, as the book writes it; nothing below class 2."""
    proven: bool | None
    """Whether drills have exercised all of its rollbacks; None where it has none."""
    unproven: tuple[str, ...]
    """The steps whose rollback none has exercised as it stands now."""
