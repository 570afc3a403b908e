"""`python -m bench.checks.machinery BOOK HOW`: the check machinery alone, in a process.

It is the watch of `opsbook up` with the book's checks and a subscriber, without the web
server and the ledger. Ends with SIGTERM, and prints how many looks ended in which state.
"""

import asyncio
import json
from collections import Counter
from itertools import cycle
from pathlib import Path

import click

from opsbook.app.app import make_checks
from opsbook.app.book import read_book
from opsbook.app.collector import spare_the_collector
from opsbook.cli.process import run_until_signal
from opsbook.core.clock import SystemClock
from opsbook.core.events import Bus
from opsbook.probes.events import OutcomeTaken
from opsbook.probes.watch import Watch

_AT_ONCE = 64


@click.command()
@click.argument("book", type=click.Path(path_type=Path))
@click.argument("how", type=click.Choice(["scheduled", "driven"]))
def main(book: Path, how: str) -> None:
    """Look as the book's intervals say, or always at 64 checks at once, one after another."""
    bus, states = Bus(), Counter[str]()
    bus.subscribe(OutcomeTaken, lambda event: states.update([event.outcome.state.value]))
    watch = Watch(make_checks(read_book(book)), bus, SystemClock())
    spare_the_collector()  # as the product does once everything is built
    run_until_signal(watch.run() if how == "scheduled" else _drive(watch))
    click.echo(json.dumps({"looks": watch.looks, "states": states}))


async def _drive(watch: Watch) -> None:
    names = cycle(list(watch.checks))

    async def look() -> None:
        for name in names:
            await watch.look(name)

    await asyncio.gather(*(look() for _ in range(_AT_ONCE)))


if __name__ == "__main__":
    main()
