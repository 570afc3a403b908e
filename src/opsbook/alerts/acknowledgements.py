"""Acknowledgements: somebody has seen it and works on it; repeats are held meanwhile."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Of one alert, until it has ended or until a time, in seconds since 1970."""

    fingerprint: str
    by: str
    why: str
    assignee: str
    """Who works on it."""
    at: float
    until: float | None = None

    def holds(self, now: float) -> bool:
        return self.until is None or now < self.until

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Acknowledgements:
    """The ones that hold, by the alert's fingerprint."""

    def __init__(self, known: Iterable[Mapping[str, Any]] = ()) -> None:
        found = [Acknowledgement(**each) for each in known]
        self._known = {each.fingerprint: each for each in found}

    def __iter__(self) -> Iterator[Acknowledgement]:
        return iter(tuple(self._known.values()))

    def get(self, fingerprint: str) -> Acknowledgement | None:
        return self._known.get(fingerprint)

    def put(self, acknowledgement: Acknowledgement) -> None:
        self._known[acknowledgement.fingerprint] = acknowledgement

    def forget(self, fingerprint: str) -> bool:
        """Whether there was one."""
        return self._known.pop(fingerprint, None) is not None

    def all_hold(self, fingerprints: Iterable[str], now: float) -> bool:
        """Whether each of these alerts is acknowledged now."""
        return all(
            (known := self._known.get(each)) is not None and known.holds(now)
            for each in fingerprints
        )
