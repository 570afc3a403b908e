"""An incident and the ways in which it may change."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self

from opsbook.core.errors import BadInputError
from opsbook.incidents.causes import Cause


class IncidentState(StrEnum):
    """`open` → `acknowledged` → `recovered` → `closed`; from `recovered` back to `open`."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RECOVERED = "recovered"
    """Its checks are well and its alerts have ended; what is to be learned is still owed."""
    CLOSED = "closed"


class UnknownIncidentError(BadInputError):
    """There is no incident of this number."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that people deal with. Times in seconds since 1970."""

    id: str
    title: str
    severity: str
    opened_at: float
    opened_by: str
    since: float
    """When it was opened, or reopened the last time: what was seen before proves nothing."""
    began_at: float | None = None
    """When the trouble began, as far as anything measured that."""
    state: IncidentState = IncidentState.OPEN
    services: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Names of its alerts that are about no service."""
    first_at: float = 0.0
    last_at: float = 0.0
    """The first and the last sign of the trouble: what is near joins."""
    measured: bool = False
    """Whether something that measures it has failed: only then its being well proves anything."""
    reopened: int = 0
    paged: tuple[str, ...] = ()
    """Levels that were paged since it was opened or reopened."""
    told: tuple[str, ...] = ()
    """Receivers that were ever paged: they hear how it goes on."""
    owner: str = ""
    acknowledged_at: float | None = None
    recovered_at: float | None = None
    closed_at: float | None = None
    resolution: str = ""
    lessons: str = ""
    part_of: str = ""
    """The incident of the same cause into which it went."""
    owed: str = ""
    """What whoever was paged has still to be told of how it goes on."""
    changes: int = 0
    """Counts what happened to it: tells one ledger entry from another."""

    @property
    def live(self) -> bool:
        """Whether it has neither recovered nor been closed."""
        return self.state in (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)

    @property
    def cause(self) -> Cause:
        return Cause(frozenset(self.services), frozenset(self.names), self.first_at, self.last_at)

    def acknowledged(self, by: str, at: float) -> Self:
        """Somebody has it; also taken over from somebody else. Raises BadInputError."""
        if not self.live:
            raise self._refused("acknowledged")
        return replace(
            self,
            state=IncidentState.ACKNOWLEDGED,
            owner=by,
            acknowledged_at=at if self.acknowledged_at is None else self.acknowledged_at,
        )

    def recovered(self, at: float) -> Self:
        """Raises BadInputError."""
        if not self.live:
            raise self._refused("recovered")
        return replace(self, state=IncidentState.RECOVERED, recovered_at=at)

    def again(self, at: float) -> Self:
        """Reopened: whoever had it is paged again, for nobody works on it now."""
        if self.state is not IncidentState.RECOVERED:
            raise self._refused("reopened")
        return replace(
            self,
            state=IncidentState.OPEN,
            since=at,
            reopened=self.reopened + 1,
            paged=(),
            acknowledged_at=None,
            recovered_at=None,
        )

    def closed(self, at: float, resolution: str, lessons: str) -> Self:
        """Raises BadInputError."""
        if self.state is IncidentState.CLOSED:
            raise self._refused("closed")
        if not resolution.strip():
            raise BadInputError(f"{self.id} needs a resolution to be closed: say what was done")
        return replace(
            self,
            state=IncidentState.CLOSED,
            closed_at=at,
            resolution=resolution,
            lessons=lessons,
        )

    def absorbed(self, into: str, at: float) -> Self:
        """It has the same cause as another one, which goes on."""
        done = self.closed(at, f"of one cause with {into}", "")
        return replace(done, part_of=into)

    def _refused(self, wanted: str) -> BadInputError:
        into = f"; it is part of {self.part_of} now" if self.part_of else ""
        return BadInputError(f"{self.id} is {self.state} and cannot be {wanted}{into}")

    def as_dict(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}


def incident_from(content: dict[str, Any]) -> Incident:
    """The reverse of `as_dict`, after JSON."""
    lists = {key: tuple(value) for key, value in content.items() if isinstance(value, list)}
    return Incident(**{**content, **lists, "state": IncidentState(content["state"])})
