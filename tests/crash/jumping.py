"""A wall clock that is set while Opsbook runs, as an administrator or NTP would."""

from opsbook.core.clock import ManualClock, SystemClock

HOUR = 3600.0


class Jumping(SystemClock):
    """The machine's clocks, of which the one on the wall can be set."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


class JumpingByHand(ManualClock):
    """Stands still between `advance`, which moves both clocks, and `jump`, which sets one."""

    def jump(self, seconds: float) -> None:
        self._now += seconds
