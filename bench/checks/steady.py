"""What it costs to check a thousand URLs every ten seconds, day and night."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.checks import blackbox, opsbook, prometheus
from bench.machine import missing
from bench.processes import Process, until, usage_of
from bench.service import Program, Service, serving
from bench.table import Cell, print_table, say
from opsbook.core.procfs import ProcessUsage

_COUNT = 1000
_EVERY = "10s"
_WARM_UP = 15.0

_OURS = "opsbook up"
_THEIRS = "prometheus + blackbox exporter"
_HEAD = ("watcher", "checks/s", "up", "CPU % of a core", "RSS MB", "CPU ×", "RSS ×")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one watcher took while it was measured."""

    checks_per_second: float
    """As the server counted them."""
    checks_up: int
    """How many the watcher believes to be up, of a thousand."""
    cpu_percent: float
    """Of one core."""
    memory_bytes: int
    """Resident at the end."""
    parts: dict[str, tuple[float, int]]
    """Each process's share of both."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was answered and taken until one moment."""

    answered: int
    used: dict[str, ProcessUsage]


@dataclass(frozen=True, slots=True)
class Runner:
    """A watcher that runs: its processes, the server that it checks, and what it believes."""

    processes: dict[str, Process]
    target: Service
    checks_up: Callable[[], int]


def costs(program: Program, place: Path, seconds: float) -> dict[str, Cost | str]:
    """Both at the same time, each on a server of its own, so that both meet the same noise."""
    reason = missing(prometheus.PROGRAM, blackbox.PROGRAM)
    with ExitStack() as stack:
        runners = {_OURS: _opsbook(stack, program, place)}
        if reason is None:
            runners[_THEIRS] = _prometheus(stack, program, place)
        everyone = list(runners.values())
        until(lambda: all(each.checks_up() == _COUNT for each in everyone), "all checks up", 60)
        warm_up = min(_WARM_UP, seconds)
        say(f"  all checks are up; warming up for {warm_up:g} s")
        time.sleep(warm_up)
        found: dict[str, Cost | str] = dict(_measured(runners, seconds))
    return found if reason is None else {**found, _THEIRS: reason}


def print_costs(found: dict[str, Cost | str]) -> None:
    title = f"{_COUNT:,} HTTP checks every {_EVERY}, both at the same time"
    print_table(title, _HEAD, list(_rows(found)))
    print(
        "  ×: against opsbook; the aim is 4 % and 150 MB. Both store every sample, and"
        "\n  opsbook judges it as well."
    )


def as_json(found: dict[str, Cost | str]) -> dict[str, object]:
    return {name: cost if isinstance(cost, str) else asdict(cost) for name, cost in found.items()}


def _opsbook(stack: ExitStack, program: Program, place: Path) -> Runner:
    target, _ = stack.enter_context(serving(program))
    process, data = stack.enter_context(opsbook.up(place, target, _COUNT, _EVERY))
    return Runner({"opsbook": process}, target, lambda: opsbook.checks_up(data))


def _prometheus(stack: ExitStack, program: Program, place: Path) -> Runner:
    target, _ = stack.enter_context(serving(program))
    exporter, at = stack.enter_context(blackbox.exporter(place))
    server, address = stack.enter_context(prometheus.prometheus(place, target, at, _COUNT, _EVERY))
    processes = {"prometheus": server, "blackbox exporter": exporter}
    return Runner(processes, target, lambda: prometheus.probes_up(address) or 0)


def _measured(runners: dict[str, Runner], seconds: float) -> Iterator[tuple[str, Cost]]:
    before = {name: _read(runner) for name, runner in runners.items()}
    say(f"  measuring for {seconds:g} s")
    time.sleep(seconds)
    after = {name: _read(runner) for name, runner in runners.items()}
    for name, runner in runners.items():
        yield name, _cost(before[name], after[name], runner.checks_up())


def _read(runner: Runner) -> Reading:
    answer = runner.target.ask()
    if answer is None:
        raise RuntimeError(f"{runner.target.url} does not answer any more")
    return Reading(answer[1], {name: usage_of(each) for name, each in runner.processes.items()})


def _cost(before: Reading, after: Reading, checks_up: int) -> Cost:
    parts = {}
    for name, then in before.used.items():
        now = after.used[name]
        cpu = 100 * (now.cpu_seconds - then.cpu_seconds) / (now.read_at - then.read_at)
        parts[name] = (cpu, now.memory_bytes)
        seconds = now.read_at - then.read_at
    return Cost(
        # The asking is among what the server answered.
        checks_per_second=(after.answered - before.answered - 1) / seconds,
        checks_up=checks_up,
        cpu_percent=sum(cpu for cpu, _ in parts.values()),
        memory_bytes=sum(memory for _, memory in parts.values()),
        parts=parts,
    )


def _rows(found: dict[str, Cost | str]) -> Iterator[list[Cell]]:
    ours = found[_OURS]
    assert isinstance(ours, Cost)
    for name, cost in found.items():
        if isinstance(cost, str):
            yield [name, cost]
            continue
        ratios: list[Cell] = [None, None]
        if cost is not ours:
            cpu, memory = cost.cpu_percent, cost.memory_bytes
            ratios = [cpu / ours.cpu_percent, memory / ours.memory_bytes]
        cost_now: list[Cell] = [cost.cpu_percent, cost.memory_bytes / 1e6]
        yield [name, cost.checks_per_second, cost.checks_up, *cost_now, *ratios]
        if len(cost.parts) > 1:
            for part, (cpu, memory) in cost.parts.items():
                yield [f"  {part}", None, None, cpu, memory / 1e6, None, None]
