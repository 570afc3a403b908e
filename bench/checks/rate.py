"""The most HTTP checks per second on one core, and the CPU that they take."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from bench.checks import blackbox, curl, opsbook, wrk
from bench.checks.ground import Ground, Rate
from bench.machine import missing
from bench.processes import two_cores
from bench.service import Program, serving
from bench.table import Cell, print_table, say

_OURS = "opsbook, driven"

_CONTESTANTS: dict[str, tuple[tuple[str, ...], Callable[[Ground], Rate]]] = {
    "wrk, the limit": (("wrk",), wrk.limit),
    "opsbook, scheduled": ((), opsbook.scheduled),
    _OURS: ((), opsbook.driven),
    "blackbox exporter": ((blackbox.PROGRAM, "wrk"), blackbox.probes),
    "curl by fork": (("curl",), curl.runs),
}
"""Name → the programs that it needs, and how it is measured."""

_HEAD = ("contestant", "checks/s", "CPU ms per 1,000", "core %", "server's core %", "×", "note")


def rates(program: Program, place: Path, seconds: float) -> dict[str, Rate | str]:
    """Everybody, one after another; why it did not take part for who did not."""
    core, other = two_cores()
    with serving(program, other) as (target, server):
        ground = Ground(place, target, server, core, other, seconds)
        return dict(_measured(ground))


def print_rates(found: dict[str, Rate | str]) -> None:
    print_table("HTTP checks with a new connection each, on one core", _HEAD, list(_rows(found)))
    print(
        "  ×: opsbook's driven rate against it; the aim is 10,000/s. core % below 100: it"
        "\n  waited, and CPU ms tells what it could reach. server's core % near 100: the"
        "\n  server held everybody up."
    )


def as_json(found: dict[str, Rate | str]) -> dict[str, object]:
    return {name: rate if isinstance(rate, str) else asdict(rate) for name, rate in found.items()}


def _measured(ground: Ground) -> Iterator[tuple[str, Rate | str]]:
    for name, (programs, measure) in _CONTESTANTS.items():
        reason = missing(*programs)
        say(f"  {name}: {reason or f'{ground.seconds:g} s'}")
        yield name, reason or _attempt(measure, ground)


def _attempt(measure: Callable[[Ground], Rate], ground: Ground) -> Rate | str:
    """One that fails takes nothing from the others."""
    try:
        return measure(ground)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return f"failed: {error}"


def _rows(found: dict[str, Rate | str]) -> Iterator[list[Cell]]:
    ours = found[_OURS]
    for name, rate in found.items():
        if isinstance(rate, str):
            yield [name, rate]
            continue
        times: Cell = None
        if isinstance(ours, Rate) and rate is not ours:
            times = ours.checks_per_second / rate.checks_per_second
        cpu = [rate.cpu_ms_per_1000, rate.core_percent, rate.server_percent]
        yield [name, rate.checks_per_second, *cpu, times, rate.note]
