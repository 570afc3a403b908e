"""How often somebody may try to sign in."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from opsbook.core.clock import Clock

_FREE = 5
"""Failures before anybody has to wait."""
_FIRST, _LONGEST = 15.0, 900.0
"""Seconds: each failure doubles the wait."""
_FORGOTTEN = 3600.0
"""Seconds without a failure."""
_MOST = 10_000
"""Names and addresses that are remembered; those that were quiet longest are forgotten."""


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Attempts:
    """Counts for each key, such as a name or an address. An attempt counts as a failure from its
    beginning: a hundred at the same time are no way around the count."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def wait(self, keys: Iterable[str]) -> float:
        """Seconds until the next one is looked at; 0 for now."""
        return max(map(self._wait, keys), default=0.0)

    def begin(self, keys: Iterable[str]) -> None:
        now = self._clock.monotonic()
        for key in keys:
            known = self._failures.pop(key, None)
            count = known.count if known and now - known.last < _FORGOTTEN else 0
            self._failures[key] = _Failures(count + 1, now)
        while len(self._failures) > _MOST:
            self._failures.popitem(last=False)

    def succeeded(self, *, forget: str, keep: str) -> None:
        """`forget` has no failures any more; `keep` has this one attempt less. An address where
        somebody has a password of their own is not forgiven what else was tried from there."""
        self._failures.pop(forget, None)
        if (known := self._failures.get(keep)) is not None:
            known.count -= 1

    def _wait(self, key: str) -> float:
        known = self._failures.get(key)
        if known is None or known.count < _FREE:
            return 0.0
        least = min(_FIRST * 2.0 ** min(known.count - _FREE, 10), _LONGEST)
        return max(0.0, known.last + least - self._clock.monotonic())
