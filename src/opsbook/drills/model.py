"""What a drill is to do, what it saw, and how it stands."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from opsbook.core.clock import iso
from opsbook.core.errors import BadInputError
from opsbook.drills.fault import Exercise, Mended
from opsbook.drills.settings import DrillSettings
from opsbook.durable.values import Json
from opsbook.probes.model import State


@dataclass(frozen=True, slots=True)
class Approval:
    """A second person's consent to hurt what is in production."""

    by: str
    at: float
    """Seconds since 1970."""


class RefusedError(BadInputError):
    """The drill may not run; nothing was hurt."""


def check_approval(
    drill: str, production: bool, askers: Collection[str], approval: Approval | None
) -> None:
    """Raises RefusedError for what is in production without the consent of a second person."""
    if not production:
        return
    if approval is None:
        raise RefusedError(
            f"{drill} hurts what is marked production: a second person has to approve it; "
            "nothing was hurt"
        )
    if approval.by in askers:
        raise RefusedError(
            f"{drill} hurts what is marked production: {approval.by} asked for it and cannot "
            "approve it as well; nothing was hurt"
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A drill as it was asked for: the book may change while it runs. Times in seconds."""

    drill: str
    subject: str
    target: str | None
    """The service that is hurt."""
    by: tuple[str, ...]
    """The checks that must find it."""
    receiver: str | None
    alert: str | None
    detected_within: float | None
    notified_within: float | None
    recovered_within: float
    lasts: float
    mended: Mended
    asked_by: str
    why: str
    approved_by: str | None = None
    exercise: Exercise | None = None

    @classmethod
    def of(
        cls, name: str, settings: DrillSettings, by: str, why: str, approval: Approval | None
    ) -> "Plan":
        expect = settings.expect
        seen, told = expect.detected, expect.notified
        return cls(
            drill=name,
            subject=settings.fault.subject,
            target=settings.target,
            by=tuple(seen.by) if seen else (),
            receiver=told.receiver if told else None,
            alert=told.alert if told else None,
            detected_within=seen.within if seen else None,
            notified_within=told.within if told else None,
            recovered_within=expect.recovered.within,
            lasts=settings.lasts,
            mended=settings.fault.mended(),
            asked_by=by,
            why=why,
            approved_by=approval.by if approval else None,
            exercise=settings.fault.exercise(),
        )

    @classmethod
    def read(cls, known: Any) -> "Plan":
        """From the input of a run."""
        exercise = known["exercise"]
        typed = {
            "by": tuple(known["by"]),
            "mended": Mended(known["mended"]),
            "exercise": Exercise(**exercise) if exercise is not None else None,
        }
        return cls(**{**known, **typed})

    def as_json(self) -> Json:
        return asdict(self)


@dataclass(slots=True)
class Sight:
    """What was seen, in seconds since 1970; None for what was not. The entries tell where."""

    detected: float | None = None
    notified: float | None = None
    recovered: float | None = None
    entries: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a drill measured, in seconds from the beginning of the fault."""

    run: str
    fault: str
    detect_seconds: float | None
    notify_seconds: float | None
    recover_seconds: float | None
    """From the undoing of the fault where only that mends it."""
    missed: tuple[str, ...]
    """What was expected and not seen, for people; empty where the drill proved itself."""
    asked_by: str
    approved_by: str | None
    why: str
    entries: tuple[int, ...]
    """Numbers of the ledger entries that tell it."""
    taken_back: tuple[str, ...] = ()
    """Steps of a runbook whose rollbacks were exercised."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class DrillState(StrEnum):
    """How a drill stands: what it proved, and whether that is not too long ago."""

    PROVED = "proved"
    FAILED = "failed"
    OVERDUE = "overdue"
    NEVER_RUN = "never run"

    @property
    def state(self) -> State:
        """As the platform's other states: what was never tried is not known."""
        return _STATES[self]


_STATES = {
    DrillState.PROVED: State.UP,
    DrillState.FAILED: State.DOWN,
    DrillState.OVERDUE: State.DOWN,
    DrillState.NEVER_RUN: State.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a drill stands now, and its last evidence."""

    drill: str
    settings: DrillSettings
    state: DrillState
    production: bool
    ran_at: float | None
    """Seconds since 1970, as is `due_at`."""
    due_at: float | None
    """When it is overdue, where it has to be repeated."""
    evidence: Mapping[str, Any] | None

    @property
    def message(self) -> str:
        """What is wrong, or when it ran, for people."""
        if self.evidence is not None and self.evidence["missed"]:
            return "; ".join(self.evidence["missed"])
        if self.state is DrillState.OVERDUE and self.due_at is not None:
            return f"it was due at {iso(self.due_at)}"
        return f"last run {iso(self.ran_at)}" if self.ran_at is not None else ""
