"""How the care for a database stands: when it was maintained, when it is next, and who signed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from opsbook.core.schedule import Schedule
from opsbook.databases.order import SHORTEST, digest_of
from opsbook.databases.records import Ended, Signature
from opsbook.databases.settings import DatabaseSettings


class CareState(StrEnum):
    """Of maintenance that nobody has to ask for."""

    GOOD = "good"
    WAITING = "waiting"
    """A part of it wants a signature; the rest is done."""
    LATE = "late"
    FAILED = "failed"
    NEVER_RAN = "never ran"


@dataclass(frozen=True, slots=True)
class Care:
    """Times are in seconds since 1970."""

    state: CareState | None
    """None where nobody does it by itself."""
    why: str
    """For people."""
    last: Ended | None
    next_at: float | None
    digest: str
    """Of what the book asks for now."""
    needs_signature: bool
    signature: Signature | None
    """The last one, which may be of another plan."""

    @property
    def signed(self) -> bool:
        return self.signature is not None and self.signature.digest == self.digest

    @property
    def lacks_signature(self) -> bool:
        return self.needs_signature and not self.signed


@dataclass(frozen=True, slots=True)
class Past:
    """What became of the maintenance of a database until now, oldest first, and since when
    somebody could have done it."""

    ended: Sequence[Ended]
    signature: Signature | None
    since: float

    @property
    def done(self) -> float | None:
        """When all that may be done was done."""
        return max((each.at for each in self.ended if each.done or each.waiting), default=None)

    @property
    def whole(self) -> float | None:
        """When nothing was left to be done."""
        return max((each.at for each in self.ended if each.done), default=None)

    @property
    def tried(self) -> float | None:
        return max((each.at for each in self.ended if each.scheduled), default=None)

    @property
    def decisive(self) -> Ended | None:
        """The last that says how the care stands: what somebody did by hand and did not do
        whole says nothing of it."""
        told = [each for each in self.ended if each.scheduled or each.done]
        return told[-1] if told else None


def care(name: str, settings: DatabaseSettings, past: Past, now: float) -> Care:
    """How it stands now."""
    found = Care(
        state=None,
        why="",
        last=past.ended[-1] if past.ended else None,
        next_at=None,
        digest=digest_of(name, settings),
        needs_signature=settings.needs_signature,
        signature=past.signature,
    )
    if not settings.schedule.by_itself:
        return found
    state, why = _state(name, settings, past, found, now)
    return replace(found, state=state, why=why, next_at=_next(settings.schedule, past, found, now))


def is_due(settings: DatabaseSettings, past: Past, found: Care, now: float) -> bool:
    """Whether maintenance is to begin by itself now."""
    return settings.schedule.by_itself and (
        _was_signed(settings.schedule, past, found)
        or settings.schedule.due(*_times(settings.schedule, past), past.since, now)
    )


def _next(schedule: Schedule, past: Past, found: Care, now: float) -> float | None:
    if _was_signed(schedule, past, found):
        return now
    return schedule.next_at(*_times(schedule, past), past.since, now)


def _was_signed(schedule: Schedule, past: Past, found: Care) -> bool:
    """What waited for a signature that is there now; but not out of its time of day."""
    if schedule.at is not None or past.signature is None or not found.signed:
        return False
    last = past.decisive
    return last is not None and last.waiting and past.signature.at > last.at


def _times(schedule: Schedule, past: Past) -> tuple[float | None, float | None]:
    """When it was done and tried. At a time of day that was chosen because nobody is there, what
    failed is tried at that time again, and not some hours later."""
    if schedule.at is None:
        return past.done, past.tried
    either = [each for each in (past.done, past.tried) if each is not None]
    return (max(either),) * 2 if either else (None, None)


def _state(
    name: str, settings: DatabaseSettings, past: Past, found: Care, now: float
) -> tuple[CareState, str]:
    last = past.decisive
    sign = f"class 2 waits for an approver: opsbook db sign {name}" if found.lacks_signature else ""
    if found.lacks_signature and found.signature is not None:
        old = found.signature.digest[:SHORTEST]
        sign = f"what was signed has changed since ({old}); {sign}"
    if last is not None and not last.done and not last.waiting:
        return CareState.FAILED, f"the last maintenance failed: {last.said}"
    late = settings.schedule.late_at(past.since if past.whole is None else past.whole)
    if late is not None and now > late:
        return CareState.LATE, f"maintenance is overdue; {sign}".removesuffix("; ")
    if sign:
        return CareState.WAITING, sign
    if last is not None and last.waiting:
        return CareState.WAITING, "signed; what waited is done the next time"
    if last is None:
        return CareState.NEVER_RAN, "not maintained yet"
    return CareState.GOOD, "maintained"
