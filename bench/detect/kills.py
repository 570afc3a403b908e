"""The measuring itself: kill, and ask until somebody else answers."""

import os
import random
import signal
import time
from collections import defaultdict

from bench.detect.watcher import Watcher
from bench.service import Service
from bench.table import say

_POLL = 0.0005
_PATIENCE = 60.0
"""A watcher that takes longer than this many seconds has lost its service."""
_PAUSE = (0.3, 1.3)
"""Seconds between two kills: at no fixed place in anybody's cycle of one second."""

Times = dict[str, list[float]]
"""What was timed → milliseconds, one for each kill."""


def bare_starts(service: Service, count: int) -> Times:
    """From just before the process is made until it answers, with nobody watching."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        # The cheapest way there is: what Popen adds is not the service's own.
        pid = os.posix_spawn(service.words[0], service.words, os.environ)
        try:
            _, answered = _next_answer(service, None)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        times.append((answered - started) * 1e3)
    return {"start → answers": times}


def kills(watcher: Watcher, service: Service, count: int) -> Times:
    """Kill the service of a watcher that runs, and time its return."""
    times: Times = defaultdict(list)
    pid, _ = _next_answer(service, None)
    pauses = random.Random(count)
    for number in range(1, count + 1):
        time.sleep(pauses.uniform(*_PAUSE))
        killed = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        pid, answered = _next_answer(service, pid)
        times["kill → answers"].append((answered - killed) * 1e3)
        for what, after in watcher.told(killed, _PATIENCE).items():
            times[what].append(after)
        if number % 10 == 0 or number == count:
            say(f"  {watcher.name}: {number} of {count} kills")
    return dict(times)


def _next_answer(service: Service, other_than: int | None) -> tuple[int, float]:
    """Which process answers that is not the old one, and when it did."""
    deadline = time.perf_counter() + _PATIENCE
    while True:
        answer, now = service.ask(), time.perf_counter()
        if answer is not None and answer[0] != other_than:
            return answer[0], now
        if now > deadline:
            raise TimeoutError(f"nobody answers at {service.url} after {_PATIENCE:g} s")
        time.sleep(_POLL)
