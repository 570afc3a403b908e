"""How often a service may be restarted, and how long to wait before the next attempt."""

from collections import deque
from collections.abc import Iterable

from opsbook.services.settings import RestartPolicy

_SET_BACK = 2
"""So many times the period may a restart lie in the future and still count."""


class Budget:
    """At most so many restarts per time; waits that grow while the service does not last."""

    def __init__(self, policy: RestartPolicy, history: Iterable[float] = ()) -> None:
        """`history`: earlier restarts in seconds since 1970, oldest first."""
        self._policy = policy
        self._taken = deque(history, maxlen=max(policy.at_most, 1))
        self._in_a_row = 0

    def used(self, now: float) -> int:
        """Restarts that count now."""
        if self._policy.at_most == 0:
            return 0
        # A clock that is set back gives no restarts away; one that was a day ahead takes none.
        per = self._policy.per
        return sum(-_SET_BACK * per < now - taken < per for taken in self._taken)

    def left(self, now: float) -> int:
        return self._policy.at_most - self.used(now)

    def take(self, now: float) -> float | None:
        """Take one restart; returns the wait before it, or None if none is left."""
        if self.left(now) <= 0:
            return None
        waits = self._policy.backoff
        wait = waits[min(self._in_a_row, len(waits) - 1)]
        self._in_a_row += 1
        self._taken.append(now)
        return wait

    def give_back(self) -> None:
        """The restart that was taken last was not attempted."""
        self._taken.pop()
        self._in_a_row -= 1

    def lasted(self, seconds: float) -> None:
        """The service was well for this long before it failed."""
        if seconds >= self._policy.steady_after:
            self._in_a_row = 0
