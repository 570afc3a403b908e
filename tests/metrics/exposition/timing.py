"""`python -m tests.metrics.exposition.timing`: how long a scrape of 1,000 series takes to read."""

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import prometheus_client.parser

from opsbook.metrics.exposition.reader import Reader
from tests.metrics.exposition.bodies import OPENMETRICS, TEXT

_BOUNDS = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "+Inf"]
_SCRAPES = 30


def counters(seed: int, *, timed: bool = False) -> bytes:
    """1,000 counters in 100 families, every value another one at each scrape."""
    chance, lines = random.Random(seed), []
    for number in range(1000):
        name = f"requests_{number // 10}_total"
        if number % 10 == 0:
            lines += [f"# HELP {name} Requests that were answered.", f"# TYPE {name} counter"]
        labels = (
            f'{{method="GET",handler="/api/v1/query",code="{number % 10}",instance="a-{number}"}}'
        )
        value = chance.choice([chance.randrange(10**7), chance.random() * 1000])
        lines.append(f"{name}{labels} {value}" + f" {1700000000000 + seed * 15000}" * timed)
    return ("\n".join(lines) + "\n").encode()


def histograms(seed: int, *, exemplars: float = 0.0) -> bytes:
    """1,000 series of 83 histograms in OpenMetrics."""
    chance, lines = random.Random(seed), []
    for number in range(83):
        name, count = f"took_{number}_seconds", 0
        lines += [f"# TYPE {name} histogram", f"# UNIT {name} seconds", f"# HELP {name} Time."]
        for bound in _BOUNDS:
            count += chance.randrange(1000)
            line = f'{name}_bucket{{handler="/api/v1/query",le="{bound}"}} {count}'
            if chance.random() < exemplars:
                line += f' # {{trace_id="{chance.randrange(10**12)}"}} 0.5 1700000000.5'
            lines.append(line)
        labels = '{handler="/api/v1/query"}'
        lines += [f"{name}_count{labels} {count}", f"{name}_sum{labels} {chance.random()}"]
    return ("\n".join(lines) + "\n# EOF\n").encode()


def main() -> None:
    kinds: dict[str, tuple[list[bytes], str]] = {
        "counters": ([counters(seed) for seed in range(_SCRAPES)], TEXT),
        "with timestamps": ([counters(seed, timed=True) for seed in range(_SCRAPES)], TEXT),
        "histograms": ([histograms(seed) for seed in range(_SCRAPES)], OPENMETRICS),
        "a tenth with exemplars": (
            [histograms(seed, exemplars=0.1) for seed in range(_SCRAPES)],
            OPENMETRICS,
        ),
    }
    for name, (bodies, content_type) in kinds.items():
        show(name, bodies, content_type)
    client = prometheus_client.parser.text_string_to_metric_families
    bodies = kinds["counters"][0]
    say("counters, prometheus_client", timed(lambda body: list(client(body.decode())), bodies))


def show(name: str, bodies: Sequence[bytes], content_type: str) -> None:
    say(f"{name}, first read", timed(lambda body: Reader().read(body, content_type), bodies))
    reader = Reader()
    reader.read(bodies[-1], content_type)

    def read(body: bytes) -> object:
        return reader.read(body, content_type)

    say(f"{name}, known shape, every value changes", timed(read, bodies))
    say(f"{name}, nothing changes", timed(read, [bodies[-1]] * _SCRAPES))
    other = [without_line(body, 10 + index) for index, body in enumerate(bodies)]
    say(f"{name}, one series goes, one comes", timed(read, other))


def without_line(body: bytes, index: int) -> bytes:
    lines = body.split(b"\n")
    return b"\n".join(lines[:index] + lines[index + 1 :])


def timed(read: Callable[[bytes], object], bodies: Sequence[bytes]) -> float:
    """The median, in seconds."""
    taken = []
    for body in bodies:
        start = time.perf_counter()
        read(body)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def say(name: str, seconds: float) -> None:
    sys.stdout.write(f"{name:55} {seconds * 1000:7.3f} ms\n")


if __name__ == "__main__":
    main()
