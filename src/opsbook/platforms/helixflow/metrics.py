"""What a service counts, in the text format of Prometheus (version 0.0.4)."""

import os
import time
from collections import Counter
from collections.abc import Iterable

from opsbook.core.procfs import usage
from opsbook.platforms.helixflow.clock import Clock

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FAMILIES = {
    "up": ("gauge", "Whether the service answered the last scrape."),
    "api_requests_total": ("counter", "Requests answered, by status code."),
    "api_request_duration": ("histogram", "Seconds from a request to the end of its answer."),
    "process_cpu_seconds_total": ("counter", "CPU time used, in seconds."),
    "process_resident_memory_bytes": ("gauge", "Resident memory, in bytes."),
    "process_start_time_seconds": ("gauge", "Start of the process, in seconds since 1970."),
    "process_clock_seconds": ("gauge", "What time the service believes it is, since 1970."),
    "clock_difference_seconds": ("gauge", "How far its clock is ahead of that of monitoring."),
}
"""Name → type and meaning."""

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PARTS = ("_bucket", "_sum", "_count")


class Metrics:
    """The counts of one service since it was started."""

    def __init__(self, service: str, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._started = time.time()
        self._codes: Counter[str] = Counter()
        self._buckets = [0] * len(_BOUNDS)
        self._seconds = 0.0

    def count(self, code: int | str, seconds: float) -> None:
        """One request was answered with `code` after `seconds`."""
        self._codes[str(code)] += 1
        self._seconds += seconds
        for index, bound in enumerate(_BOUNDS):
            self._buckets[index] += seconds <= bound

    def samples(self) -> list[str]:
        """Lines of samples, without the comments that introduce a family."""
        own, total = f'service="{self._service}"', self._codes.total()
        taken = usage(os.getpid())
        assert taken is not None, "this very process runs"
        buckets = zip(map(str, _BOUNDS), self._buckets, strict=True)
        return [
            *(f'api_requests_total{{{own},code="{c}"}} {n}' for c, n in self._codes.items()),
            *(f'api_request_duration_bucket{{{own},le="{le}"}} {n}' for le, n in buckets),
            f'api_request_duration_bucket{{{own},le="+Inf"}} {total}',
            f"api_request_duration_sum{{{own}}} {self._seconds:.6f}",
            f"api_request_duration_count{{{own}}} {total}",
            f"process_cpu_seconds_total{{{own}}} {time.process_time():.3f}",
            f"process_resident_memory_bytes{{{own}}} {taken.memory_bytes}",
            f"process_start_time_seconds{{{own}}} {self._started:.3f}",
            f"process_clock_seconds{{{own}}} {self._clock.now():.3f}",
        ]


def exposition(samples: Iterable[str]) -> str:
    """Samples of several services as one text: a family's lines must stand together."""
    families: dict[str, list[str]] = {name: [] for name in FAMILIES}
    for line in samples:
        families.get(_family(line), []).append(line)
    lines = []
    for name, (kind, meaning) in FAMILIES.items():
        if families[name]:
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}", *families[name]]
    return "\n".join([*lines, ""])


def _family(line: str) -> str:
    name = line.partition("{")[0]
    for part in _PARTS:
        if name.endswith(part) and name.removesuffix(part) in FAMILIES:
            return name.removesuffix(part)
    return name
