"""`python -m bench.backups`: a backup and a restore of one PostgreSQL database, side by side."""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import click
from tests.servers.postgres import Postgres, binaries, postgres

from bench.backups.database import fill
from bench.backups.opsbook import Opsbook, Rehearsing, Unencrypted
from bench.backups.peers import Contestant, Gzip, Plain, Restic, Zstd
from bench.machine import described, introduce, machine, missing, versions
from bench.processes import scratch
from bench.table import print_table, say, write_json
from opsbook.core.units import format_size

_CONTESTANTS: tuple[type[Contestant], ...] = (
    Plain,
    Gzip,
    Zstd,
    Restic,
    Unencrypted,
    Rehearsing,
    Opsbook,
)
_SERVER = {
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}
"""One that people trust with their data."""
_PAUSE = 1.0
_HEAD = ("", "backup, s", "of plain", "CPU, s", "size, MB", "restore, s", "verified")


class Figures:
    """What the rounds of one contestant took."""

    def __init__(self) -> None:
        self.backup: list[float] = []
        self.cpu: list[float] = []
        self.restore: list[float] = []
        self.size = 0


def _timed(action: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the clock, and of CPU in this process and the programs that it has run; what
    the server works is the same for all.

    Nobody waits for the disk to take what those before have written.
    """
    os.sync()
    time.sleep(_PAUSE)
    before, began = _cpu(), time.perf_counter()
    action()
    return time.perf_counter() - began, _cpu() - before


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


def _round(contestant: Contestant, figures: Figures, server: Postgres) -> None:
    say(contestant.name)
    wall, cpu = _timed(contestant.backup)
    figures.backup.append(wall)
    figures.cpu.append(cpu)
    figures.size = contestant.size
    server.execute("DROP DATABASE IF EXISTS back", "CREATE DATABASE back", "CHECKPOINT")
    figures.restore.append(_timed(lambda: contestant.restore("back"))[0])
    server.execute("DROP DATABASE back")
    contestant.forget()


@click.command()
@click.option("--size", default=1_000_000_000, show_default=True, help="Bytes of the dump.")
@click.option("--rounds", default=3, show_default=True, help="Of each, in turn.")
@click.option("--postgresql", default=17, show_default=True, help="17 knows zstd, 18 does not.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures here.")
def main(size: int, rounds: int, postgresql: int, file: Path | None) -> None:
    """pg_dump alone, through gzip and zstd, with restic, and ours: time, CPU, size, restore."""
    server_version = [str(binaries(postgresql) / "postgres"), "--version"]
    programs = {"restic": ["restic", "version"], "zstd": ["zstd", "--version"]}
    found, of = machine(), versions(postgresql=server_version, **programs)
    introduce(found, of)
    absent = {each.name: why for each in _CONTESTANTS if (why := missing(*each.programs))}
    with scratch() as place, postgres(postgresql, **_SERVER) as server:
        say(f"filling {format_size(size)}")
        fill(server, size)
        taking_part = [each(server, place) for each in _CONTESTANTS if each.name not in absent]
        results = {each.name: Figures() for each in taking_part}
        for _ in range(rounds):
            for each in taking_part:
                _round(each, results[each.name], server)
    plain = median(results[Plain.name].backup)
    rows = [_row(name, figures, plain) for name, figures in results.items()]
    print_table(f"medians of {rounds} rounds", _HEAD, rows)
    for name, why in absent.items():
        print(f"  {name}: {why}")
    told = {name: vars(figures) for name, figures in results.items()}
    write_json(file, described(found, of) | {"figures": told})


def _row(name: str, figures: Figures, plain: float) -> tuple[str | float, ...]:
    backup = median(figures.backup)
    counted = "every count" if name.startswith("opsbook") else "no"
    share = f"{backup / plain:.2f} x"
    cpu, size = median(figures.cpu), figures.size / 1e6
    return (name, backup, share, cpu, size, median(figures.restore), counted)


if __name__ == "__main__":
    main()
