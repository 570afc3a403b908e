"""Many open pages on a watch of many checks: what each costs the server."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from bench.checks.opsbook import checks_up, up
from bench.processes import Process, cpu_seconds_of, until, usage_of
from bench.service import Program, serving
from bench.table import Cell, say
from opsbook.state.datadir import DataDir

_EVERY = "10s"
_WARM_UP = 12.0
_SETTLE = 3.0
_ROUNDS = 5
"""Without and with pages in turn: what the watch itself takes changes by more than a page does."""
HEAD = (
    "checks",
    "pages",
    "messages/s",
    "kB/s",
    "CPU % without",
    "CPU % with",
    "ms per page and s",
    "RSS MB more",
)


@dataclass(frozen=True, slots=True)
class HubCost:
    """What open pages took of one core: medians."""

    checks: int
    pages: int
    messages_per_second: float
    """That each page was told."""
    bytes_per_second: float
    """To each page."""
    cpu_percent_without: float
    cpu_percent_with: float
    ms_per_page_second: float
    """CPU of the server in ms, per page and second: the hub's own work is in it. The median."""
    memory_bytes_more: int
    """With the first pages."""

    def row(self) -> Sequence[Cell]:
        return (
            self.checks,
            self.pages,
            self.messages_per_second,
            self.bytes_per_second / 1e3,
            self.cpu_percent_without,
            self.cpu_percent_with,
            self.ms_per_page_second,
            self.memory_bytes_more / 1e6,
        )


@dataclass(slots=True)
class _Heard:
    messages: int = 0
    characters: int = 0


def cost(program: Program, place: Path, checks: int, pages: int, seconds: float) -> HubCost:
    """On `opsbook up` with so many HTTP checks every ten seconds."""
    place.mkdir()
    with serving(program) as (target, _), up(place, target, checks, _EVERY) as (process, data):
        until(lambda: checks_up(data) == checks, "all checks up", 60)
        address = DataDir(data).address()
        assert address is not None
        say(f"  {checks:,} checks are up; warming up for {_WARM_UP:g} s")
        time.sleep(_WARM_UP)
        return asyncio.run(_cost(process, address, checks, pages, seconds))


async def _cost(process: Process, address: str, checks: int, pages: int, seconds: float) -> HubCost:
    say(f"  measuring {_ROUNDS} times {seconds:g} s without pages, and as long with {pages}")
    without, with_pages, memory, memory_with = [], [], [], []
    heard = _Heard()
    for _ in range(_ROUNDS):
        percent, held = await _cpu(process, seconds)
        without.append(percent)
        memory.append(held)
        async with _listening(address, pages) as counted:
            await asyncio.sleep(_SETTLE)
            before = (counted.messages, counted.characters)
            percent, held = await _cpu(process, seconds)
            heard.messages += counted.messages - before[0]
            heard.characters += counted.characters - before[1]
            with_pages.append(percent)
            memory_with.append(held)
        await asyncio.sleep(_SETTLE)
    more = median(a - b for a, b in zip(with_pages, without, strict=True))
    return HubCost(
        checks=checks,
        pages=pages,
        messages_per_second=heard.messages / pages / seconds / _ROUNDS,
        bytes_per_second=heard.characters / pages / seconds / _ROUNDS,
        cpu_percent_without=median(without),
        cpu_percent_with=median(with_pages),
        ms_per_page_second=more * 10 / pages,
        memory_bytes_more=memory_with[0] - memory[0],
    )


@asynccontextmanager
async def _listening(address: str, pages: int) -> AsyncIterator[_Heard]:
    """So many pages that are open."""
    heard = _Heard()
    url = address.replace("http", "ws", 1) + "/api/live"
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(connect(url, origin=Origin(address), proxy=None))
            for _ in range(pages)
        ]
        hearing = [asyncio.create_task(_hear(each, heard)) for each in opened]
        try:
            yield heard
        finally:
            for task in hearing:
                task.cancel()
            await asyncio.gather(*hearing, return_exceptions=True)


async def _cpu(process: Process, seconds: float) -> tuple[float, int]:
    """Of one core in percent, and resident memory at the end."""
    before, began = cpu_seconds_of(process), time.perf_counter()
    await asyncio.sleep(seconds)
    spent, took = cpu_seconds_of(process) - before, time.perf_counter() - began
    return 100 * spent / took, usage_of(process).memory_bytes


async def _hear(connection: ClientConnection, heard: _Heard) -> None:
    await connection.send(json.dumps({"since": None}))
    async for text in connection:
        heard.messages += 1
        heard.characters += len(text)
