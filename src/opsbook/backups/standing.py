"""How a set stands: whether its backups are made, and whether their restore was proved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from opsbook.backups.settings import SetSettings
from opsbook.backups.store import MADE, Row
from opsbook.backups.verification import Depth
from opsbook.probes.model import State


class SetState(StrEnum):
    """A set that never ran is not one that failed."""

    GOOD = "good"
    LATE = "late"
    FAILED = "failed"
    NEVER_RAN = "never ran"

    @property
    def state(self) -> State:
        """As the platform's other states."""
        return _STATES[self]


_STATES = {
    SetState.GOOD: State.UP,
    SetState.LATE: State.LATE,
    SetState.FAILED: State.DOWN,
    SetState.NEVER_RAN: State.UNKNOWN,
}
_WORST_FIRST = (SetState.FAILED, SetState.NEVER_RAN, SetState.LATE, SetState.GOOD)


@dataclass(frozen=True, slots=True)
class Standing:
    """A set now. Times in seconds since 1970."""

    set: str
    settings: SetSettings
    state: SetState
    why: str
    """For people."""
    backups: SetState
    """Whether they are made."""
    restore: SetState | None
    """Whether their restore is proved; None where the book does not ask for it."""
    tried_at: float | None
    made_at: Mapping[str, float]
    """Destination → when a backup was last made there."""
    verified_at: float | None
    proved_at: float | None
    """When a restore was last proved."""
    drilled_at: float | None
    """When a restore was last tried."""
    last: Mapping[str, Any]
    """Size and duration of the last backup that was made."""
    proof: Mapping[str, Any]
    """What the last drill measured, whether it proved or failed."""


def standing(set_name: str, settings: SetSettings, rows: Sequence[Row], now: float) -> Standing:
    """`rows` are all that is known of the set, oldest first."""
    made = [row for row in rows if row.about == MADE and row.destination in settings.to]
    drills = [row for row in rows if row.about == Depth.RESTORE and row.ok is not None]
    proved = [row for row in drills if row.ok]
    verified = [row for row in rows if row.about in set(Depth) and row.ok]
    backups, backups_why = _backups(settings, made, rows, now)
    restore, restore_why = _restore(settings, drills, proved, now)
    both = [(backups, backups_why), *([(restore, restore_why)] if restore else [])]
    state, why = min(both, key=lambda each: _WORST_FIRST.index(each[0]))
    good = [row for row in made if row.ok]
    return Standing(
        set=set_name,
        settings=settings,
        state=state,
        why=why,
        backups=backups,
        restore=restore,
        tried_at=made[-1].at if made else None,
        made_at={row.destination: row.at for row in good},
        verified_at=verified[-1].at if verified else None,
        proved_at=proved[-1].at if proved else None,
        drilled_at=drills[-1].at if drills else None,
        last=good[-1].evidence if good else {},
        proof=drills[-1].evidence if drills else {},
    )


def _backups(
    settings: SetSettings, made: Sequence[Row], rows: Sequence[Row], now: float
) -> tuple[SetState, str]:
    last = {row.destination: row for row in made if row.ok is not None}
    if not last:
        return SetState.NEVER_RAN, "no backup was ever made"
    for name in settings.to:
        if name in last and not last[name].ok:
            return SetState.FAILED, f"{name}: {last[name].message}"
    for row in rows:
        newest = last.get(row.destination)
        if newest and row.backup == newest.backup and row.about in set(Depth) and row.ok is False:
            return SetState.FAILED, f"{row.destination}: {row.backup}: {row.message}"
    missing = [name for name in settings.to if name not in last]
    if missing:
        return SetState.NEVER_RAN, f"no backup was ever made at {', '.join(missing)}"
    late = settings.schedule.late_at(min(row.at for row in last.values()))
    if late is not None and now > late:
        return SetState.LATE, "the next backup is overdue"
    return SetState.GOOD, "made"


def _restore(
    settings: SetSettings, drills: Sequence[Row], proved: Sequence[Row], now: float
) -> tuple[SetState | None, str]:
    if settings.drill is None:
        return None, ""
    if not drills:
        return SetState.NEVER_RAN, "no restore was ever proved"
    if not drills[-1].ok:
        return SetState.FAILED, f"the last restore failed: {drills[-1].message}"
    every = settings.drill.every
    if every is not None and now > proved[-1].at + every:
        return SetState.LATE, "the last proven restore is too long ago"
    return SetState.GOOD, "its restore was proved"
