"""`python -m bench.metrics.fill DATA HOURS`: a data directory with the samples of those hours.

Through the store's own interface, row by row in the order of time, as scrapes would come. The
clock stands where the newest sample is. Prints as JSON what it took.
"""

import json
import time
from pathlib import Path

import click

from bench.metrics.data import span, targets
from bench.metrics.opsbook import PLATFORM
from bench.metrics.writing import with_tail
from bench.processes import until
from opsbook.core.clock import ManualClock
from opsbook.metrics.store import Store, store_kinds
from opsbook.state.datadir import DataDir


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("hours", type=int)
def main(data: Path, hours: int) -> None:
    """Fill DATA, and end when the day is one block."""
    directory = DataDir(data)
    directory.open(PLATFORM)
    clock = ManualClock(span(hours).start / 1000)
    store = store_kinds.load("embedded")()
    store.bind(directory.metrics, clock)
    store.start()
    try:
        click.echo(json.dumps(_filled(store, clock, hours)))
    finally:
        store.close()
        directory.close()


def _filled(store: Store, clock: ManualClock, hours: int) -> dict[str, float]:
    covered = span(hours)
    every = with_tail(list(targets(covered)))
    rows = [(target, store.layout(target.name, target.labels)) for target in every]
    begun, used, longest, taken = time.perf_counter(), time.process_time(), 0.0, 0
    for row in range(covered.rows):
        clock.advance(every[0].times[row] / 1000 - clock.now())
        for target, layout in rows:
            before = time.perf_counter()
            receipt = store.append_row(layout, int(target.times[row]), target.values[row])
            longest = max(longest, time.perf_counter() - before)
            taken += receipt.taken
    seconds, used = time.perf_counter() - begun, time.process_time() - used
    until(lambda: bool(store.stats().blocks), "the day is put away", 120)
    clock.advance(every[0].times[-1] / 1000 - clock.now())
    for target, layout in rows:
        store.append_row(layout, int(target.times[-1]), target.values[-1])
    until(lambda: _is_over(store), "the day is one block", 120)
    return {
        "samples": taken,
        "samples_per_second": taken / seconds,
        "cpu_us_per_sample": used * 1e6 / taken,
        "longest_append_ms": longest * 1000,
    }


def _is_over(store: Store) -> bool:
    """Blocks are merged, and the log holds no more than the last rows."""
    stats = store.stats()
    return stats.blocks == 1 and stats.log_bytes < 1_000_000


if __name__ == "__main__":
    main()
