"""The same ground for everybody: one core to check from, a server on another that counts."""

import time
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Process, until, usage_of
from bench.service import Service

_WARM_UP = 1.0
_FIRST_CHECKS = 100


@dataclass(frozen=True, slots=True)
class Rate:
    """What one contestant reached."""

    checks_per_second: float
    cpu_ms_per_1000: float
    """Of the contestant's process; what drives or answers it is not in it."""
    core_percent: float
    """How much of its core it used: below 100 it waited for something."""
    server_percent: float
    """How much of its core the server used: near 100 everybody waited for it."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a contestant is measured."""

    place: Path
    target: Service
    server: Process
    core: int
    """For the contestant alone."""
    other: int
    """For the server, and for what drives a contestant."""
    seconds: float

    def measure(self, contestant: Process) -> Rate:
        """What a running contestant reaches once it is under way."""
        begin = self.answered() + _FIRST_CHECKS
        until(lambda: self.answered() > begin, f"checks by {contestant.args!r}")
        time.sleep(_WARM_UP)
        used, served, answered = usage_of(contestant), usage_of(self.server), self.answered()
        time.sleep(self.seconds)
        used_then, served_then, count = usage_of(contestant), usage_of(self.server), self.answered()
        # The asking is among what the server answered.
        return rate(
            count - answered - 1,
            used_then.read_at - used.read_at,
            used_then.cpu_seconds - used.cpu_seconds,
            served_then.cpu_seconds - served.cpu_seconds,
        )

    def answered(self) -> int:
        """How many requests the server has answered."""
        answer = self.target.ask()
        if answer is None:
            raise RuntimeError(f"{self.target.url} does not answer any more")
        return answer[1]


def rate(count: int, seconds: float, cpu_seconds: float, server_seconds: float) -> Rate:
    return Rate(
        checks_per_second=count / seconds,
        cpu_ms_per_1000=cpu_seconds * 1e6 / count,
        core_percent=100 * cpu_seconds / seconds,
        server_percent=100 * server_seconds / seconds,
    )
