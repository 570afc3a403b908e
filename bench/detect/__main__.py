"""`python -m bench.detect`: kill a service, and time how it comes back."""

import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench.detect.kills import Times, bare_starts, kills
from bench.detect.monit import Monit
from bench.detect.opsbook import Opsbook
from bench.detect.supervisor import Supervisor
from bench.detect.watcher import Watcher
from bench.machine import described, introduce, machine, versions
from bench.processes import scratch
from bench.service import Program, Service, build, service
from bench.table import Cell, print_table, say, spread, write_json

_WATCHERS: tuple[type[Watcher], ...] = (Opsbook, Supervisor, Monit)
_DELAYS = (0, 60)
"""Milliseconds that the service takes before it listens, beside its own start."""
_HEAD = ("watcher", "milliseconds", "n", "median", "p99", "max", "median-start", "p99-start", "×")


@click.command()
@click.option("--kills", "count", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--quick", is_flag=True, help="Five kills: only to see that it works.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures here.")
def main(count: int, quick: bool, file: Path | None) -> None:
    """SIGKILL → answers again, by opsbook, supervisor and monit, for a service that starts in
    about a millisecond and for one that needs 60 ms more.
    """
    count = 5 if quick else count
    found, of = machine(), versions(monit=["monit", "--version"], cc=["cc", "--version"])
    introduce(found, of)
    with scratch() as place:
        program = build(place)
        print(f"the service is a {program.made_of} program; {count} kills each")
        results = [_run(program, delay, count, place) for delay in _DELAYS]
    print(
        "\nmedian-start and p99-start: less the median of the service's own bare start."
        "\n  The aim for opsbook's `verified`: 10 ms and 50 ms."
        "\n×: the median against opsbook's for the same. Only opsbook verifies."
    )
    write_json(file, described(found, of) | {"service": program.made_of, "results": results})


def _run(program: Program, delay: int, count: int, place: Path) -> dict[str, Any]:
    say(f"a service that listens {delay} ms after its start")
    tiny = service(program, delay)
    try:
        bare = bare_starts(tiny, count)
    finally:
        tiny.end()
    timed: dict[str, Times | str] = {"nobody": bare}
    for kind in _WATCHERS:
        timed[kind.name] = _watched(kind(), service(program, delay), count, place)
    title = f"A service that listens {delay} ms after its start"
    print_table(title, _HEAD, list(_rows(timed, spread(bare["start → answers"]).median)))
    return {"delay_ms": delay, "watchers": {name: _figures(each) for name, each in timed.items()}}


def _watched(watcher: Watcher, tiny: Service, count: int, place: Path) -> Times | str:
    if reason := watcher.missing():
        return reason
    home = place / f"{watcher.name}-{tiny.port}"
    home.mkdir()
    try:
        with watcher.watching(tiny, home):
            times = kills(watcher, tiny, count)
    except (OSError, subprocess.SubprocessError) as error:
        return f"failed: {error}"
    finally:
        tiny.end()
    return times | watcher.recorded()


def _rows(timed: dict[str, Times | str], start: float) -> Iterator[list[Cell]]:
    ours = timed[Opsbook.name]
    for name, times in timed.items():
        if isinstance(times, str):
            yield [name, times]
            continue
        for what, values in times.items():
            s = spread(values)
            back = what in ("kill → answers", "kill → verified")
            over = [s.median - start, s.p99 - start] if back else [None, None]
            base = ours.get(what) if isinstance(ours, dict) and name != Opsbook.name else None
            ratio = s.median / spread(base).median if base else None
            yield [name, what, s.count, s.median, s.p99, s.max, *over, ratio]


def _figures(times: Times | str) -> dict[str, Any] | str:
    if isinstance(times, str):
        return times
    return {what: {**asdict(spread(values)), "ms": values} for what, values in times.items()}


main()
