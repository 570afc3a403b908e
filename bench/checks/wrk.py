"""wrk: the limit of what one core can ask over new connections, and a driver for others."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.checks.ground import Ground, Rate
from bench.processes import Process, running

AT_ONCE = 64

_LONGEST = 600
"""wrk wants to know for how many seconds; it is ended before."""


@contextmanager
def wrk(url: str, core: int, *headers: str) -> Iterator[Process]:
    """wrk asking for `url`, always 64 requests at once."""
    asked = [word for header in headers for word in ("-H", header)]
    words = ["wrk", "-t1", f"-c{AT_ONCE}", f"-d{_LONGEST}s", *asked, url]
    with running(words, cores={core}) as process:
        yield process


def limit(ground: Ground) -> Rate:
    """Requests with a new connection each, judged by nobody."""
    with wrk(ground.target.url, ground.core, "Connection: close") as process:
        return ground.measure(process)
