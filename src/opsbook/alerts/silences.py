"""Silences: who does not want to hear of what, why, and until when."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from opsbook.alerts.routing.matchers import make_matcher
from opsbook.core.errors import BadInputError
from opsbook.core.labels import Labels
from opsbook.metrics.matching import matching
from opsbook.metrics.model import Matcher

KEPT = 5 * 86_400.0
"""Seconds for which a silence is shown after its end."""
_MOST = 10_000
_GRACE = 300.0
"""A silence until it is resolved ends when nothing that it meets has fired for so long."""
_FOR_EVER = 10 * 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Times in seconds since 1970."""

    matchers: tuple[Matcher, ...]
    starts_at: float
    ends_at: float
    created_by: str
    comment: str
    id: str = ""
    updated_at: float = 0.0
    until_resolved: bool = False
    """Ends by itself when what it silences has ended."""
    interval: str = ""
    """Name of a time interval: it silences only within it, every time it comes."""

    def state(self, now: float) -> Literal["pending", "active", "expired"]:
        if now >= self.ends_at:
            return "expired"
        return "active" if now >= self.starts_at else "pending"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def silence_from(content: Mapping[str, Any]) -> Silence:
    matchers = tuple(make_matcher(**each) for each in content["matchers"])
    return Silence(**{**content, "matchers": matchers})


def check_silence(silence: Silence, now: float) -> None:
    """Raises BadInputError if it would silence everything, or never anything."""
    if not silence.matchers:
        raise BadInputError("a silence needs at least one matcher")
    if all(matching([each])(()) for each in silence.matchers):
        raise BadInputError("at least one matcher must not match the empty string")
    if any(not each.name for each in silence.matchers):
        raise BadInputError("invalid label matcher: a name is missing")
    if silence.ends_at < silence.starts_at:
        raise BadInputError("end time must not be before start time")
    if silence.ends_at <= now:
        raise BadInputError("end time can't be in the past")
    if not silence.created_by:
        raise BadInputError("creator information missing")


class Silences:
    """All silences, and which of them meet what. Holds no time; changes are written by others."""

    def __init__(self, silences: Iterable[Silence] = ()) -> None:
        self._silences = {silence.id: silence for silence in silences}
        self._met: dict[Labels, tuple[str, ...]] = {}
        self._last_met: dict[str, float] = {}

    def __iter__(self) -> Iterator[Silence]:
        return iter(tuple(self._silences.values()))

    def get(self, number: str) -> Silence | None:
        return self._silences.get(number)

    def changed(self, wanted: Silence, now: float) -> list[Silence]:
        """What setting a silence makes of it, and of the one that it replaces: to be written,
        and then given to `put`. The last one is the new one.

        One that has begun keeps its start; other matchers make another silence of it. Raises
        BadInputError.
        """
        check_silence(wanted, now)
        known = self._silences.get(wanted.id)
        if wanted.id and known is None:
            raise BadInputError(f"silence {wanted.id} not found")
        if known is not None and _may_change(known, wanted, now):
            return [replace(wanted, updated_at=now)]
        if len(self._silences) >= _MOST:
            raise BadInputError(f"there are {_MOST} silences already; expire some")
        starts = max(wanted.starts_at, now)
        new = replace(wanted, id=str(uuid.uuid4()), starts_at=starts, updated_at=now)
        if known is not None and known.state(now) != "expired":
            return [self.expired(known, now), new]
        return [new]

    def expired(self, silence: Silence, now: float) -> Silence:
        """What ending a silence now makes of it. Raises BadInputError if it has ended."""
        if silence.state(now) == "expired":
            raise BadInputError(f"silence {silence.id} already expired")
        return replace(silence, starts_at=min(silence.starts_at, now), ends_at=now, updated_at=now)

    def put(self, silence: Silence) -> None:
        self._silences[silence.id] = silence
        self._met.clear()

    def forget(self, before: float) -> list[str]:
        """Let go of those that ended before then."""
        gone = [each.id for each in self._silences.values() if each.ends_at < before]
        for number in gone:
            del self._silences[number]
            self._last_met.pop(number, None)
        if gone:
            self._met.clear()
        return gone

    def meeting(self, labels: Labels) -> tuple[str, ...]:
        """The numbers of all silences, whatever their time, that these labels match."""
        met = self._met.get(labels)
        if met is None:
            if len(self._met) > 200_000:
                self._met.clear()
            met = tuple(
                each.id for each in self._silences.values() if matching(each.matchers)(labels)
            )
            self._met[labels] = met
        return met

    def resolved(self, firing: Iterable[Labels], now: float) -> list[Silence]:
        """Active ones until resolved that have met nothing firing for a while."""
        wanted = {
            each.id: each
            for each in self._silences.values()
            if each.until_resolved and each.state(now) == "active"
        }
        if not wanted:
            return []
        for labels in firing:
            for number in self.meeting(labels):
                self._last_met[number] = now
        return [
            each
            for number, each in wanted.items()
            if now - max(self._last_met.get(number, 0.0), each.starts_at) > _GRACE
        ]


def for_ever(now: float) -> float:
    """The end of a silence that ends when what it silences does."""
    return now + _FOR_EVER


def _may_change(known: Silence, wanted: Silence, now: float) -> bool:
    if known.matchers != wanted.matchers or known.interval != wanted.interval:
        return False
    match known.state(now):
        case "active":
            return int(known.starts_at) == int(wanted.starts_at)
        case "pending":
            return wanted.starts_at >= now
        case _:
            return False
