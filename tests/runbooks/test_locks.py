"""One change at a time for each service."""

import asyncio
from pathlib import Path

import pytest

from opsbook.core.clock import SystemClock
from opsbook.runbooks.locks import Holder, Locks
from opsbook.state.database import connect, sqlite_url


class Told:
    def __init__(self) -> None:
        self.holders: list[str] = []

    async def __call__(self, holder: Holder) -> None:
        self.holders.append(holder.run)


@pytest.fixture
def over() -> set[str]:
    """Runs that have ended."""
    return set()


@pytest.fixture
def locks(tmp_path: Path, over: set[str]) -> Locks:
    async def ended(run: str) -> bool:
        return run in over

    return Locks(connect(sqlite_url(tmp_path / "state.db")), SystemClock(), ended)


async def take(locks: Locks, run: str, step: str = "s", within: float = 0.0) -> tuple[str, Told]:
    told = Told()
    holder = await locks.take("api", run, step, within, asyncio.Event(), told)
    return holder.run, told


async def test_a_second_run_waits_and_hears_once_for_whom(locks: Locks) -> None:
    assert (await take(locks, "a"))[0] == "a"
    holder, told = await take(locks, "b", within=0.5)
    assert holder == "a"
    assert told.holders == ["a"]
    assert locks.waiting == {}


async def test_it_has_the_lock_once_the_other_lets_go(locks: Locks) -> None:
    await take(locks, "a")
    waiting = asyncio.create_task(take(locks, "b", within=5))
    await asyncio.sleep(0.05)
    await locks.release("api", "a", "s")
    assert (await waiting)[0] == "b"


async def test_the_same_run_has_it_further_within_and_keeps_it(locks: Locks) -> None:
    await take(locks, "a", "outer")
    assert (await take(locks, "a", "inner"))[0] == "a"
    await locks.release("api", "a", "inner")
    assert (await take(locks, "b"))[0] == "a"


async def test_a_run_that_has_ended_leaves_its_lock_to_the_next(
    locks: Locks, over: set[str]
) -> None:
    await take(locks, "a")
    over.add("a")
    assert (await take(locks, "b"))[0] == "b"


async def test_of_many_at_once_one_has_it(locks: Locks) -> None:
    holders = await asyncio.gather(*(take(locks, name) for name in "abcdefgh"))
    assert len({holder for holder, _ in holders}) == 1
