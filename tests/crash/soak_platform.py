"""`python -m tests.crash.soak_platform --kills 200 --seed 1`: platforms killed at random.

One after the other, each killed until a life of it comes to its end, and every second one on
PostgreSQL: what each leaves behind must be right.
"""

import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click

from tests.crash.hearing import hearing
from tests.crash.lives import lives
from tests.durable.databases import fresh_database
from tests.servers.postgres import postgres

_SLOWEST = 3.0
"""Seconds; a life that nobody kills takes about as long."""


@dataclass
class Soaked:
    """What came of it."""

    kills: int = 0
    platforms: int = 0
    unknown: int = 0
    """Plain notices that may have arrived or not, and that a person is shown."""
    posts: Counter[str] = field(default_factory=Counter)
    """Receiver → what it was told, repetitions under one key included."""


def soak(
    place: Path, kills: int, chance: random.Random, database: Callable[[], str | None]
) -> Soaked:
    """Kill so many lives, and check each platform at its end; how far it is goes to stderr."""
    found = Soaked()
    while found.kills < kills:
        directory = place / f"platform{found.platforms}"
        with hearing() as heard, lives(directory, heard, database()) as platform:
            while found.kills < kills and platform.live(within=chance.uniform(0.0, _SLOWEST)):
                found.kills += 1
            platform.live()
            platform.check()
            found.unknown += not heard.posts["plain"]
            found.posts.update({name: posts.total() for name, posts in heard.posts.items()})
        found.platforms += 1
        click.echo(f"{found.kills}/{kills} kills, {found.platforms} platforms right", err=True)
    return found


@click.command()
@click.option("--kills", default=200, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(kills: int, seed: int) -> None:
    """Kill platforms at random, and say what became of them."""
    began, numbers = time.monotonic(), itertools.count()
    with tempfile.TemporaryDirectory(prefix="opsbook-soak-") as name, postgres() as server:
        found = soak(
            Path(name),
            kills,
            random.Random(seed),
            lambda: fresh_database(server) if next(numbers) % 2 else None,
        )
    sys.stdout.write(
        f"{found.kills} kills of {found.platforms} platforms in {time.monotonic() - began:.0f} s, "
        f"seed {seed}: each effect, incident, run and entry once; posts {dict(found.posts)}, "
        f"{found.unknown} plain notices not sent\n"
    )


if __name__ == "__main__":
    main()
