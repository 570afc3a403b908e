"""Lines of runs, to the pages that follow them."""

import asyncio
import json
from collections.abc import AsyncIterator
from time import monotonic

import pytest

from opsbook.durable.port import DurableError, UnknownRunError
from opsbook.runbooks.model import Line
from opsbook.web.live.following import Following, TooManyFollowedError
from opsbook.web.live.outbox import Outbox
from tests.eventually import eventually


class Writing:
    """Runs that write what a test says."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ended = False
        self.followed: list[int] = []
        self.away = 0

    async def follow(self, run: str, position: int) -> AsyncIterator[Line]:
        if run == "none":
            raise UnknownRunError(run)
        self.followed.append(position)
        while not self.ended or position < len(self.lines):
            if self.away:
                self.away -= 1
                raise DurableError("the database is away")
            for text in self.lines[position:]:
                position += 1
                yield Line(position, None, "output", "a", text)
            await asyncio.sleep(0.001)


def told(outbox: Outbox) -> list[str]:
    """Texts of lines, and `ended`."""
    messages = [json.loads(text) for text, _ in outbox._texts]
    return [each["line"]["text"] if each["kind"] == "line" else each["kind"] for each in messages]


@pytest.fixture
def writing() -> Writing:
    return Writing()


@pytest.fixture
async def following(writing: Writing) -> AsyncIterator[Following]:
    following = Following(writing.follow)
    yield following
    await following.close()


async def test_lines_come_until_the_run_has_ended(writing: Writing, following: Following) -> None:
    outbox = Outbox(monotonic)
    writing.lines = ["one", "two"]
    following.set(outbox, {"r": 0})
    await eventually(lambda: told(outbox) == ["one", "two"])
    writing.lines.append("three")
    writing.ended = True
    await eventually(lambda: told(outbox) == ["one", "two", "three", "ended"])
    await eventually(lambda: not following._tasks)


async def test_a_page_goes_on_after_what_it_has(writing: Writing, following: Following) -> None:
    outbox = Outbox(monotonic)
    writing.lines, writing.ended = ["one", "two", "three"], True
    following.set(outbox, {"r": 2})
    await eventually(lambda: told(outbox) == ["three", "ended"])


async def test_many_pages_cost_one_look(writing: Writing, following: Following) -> None:
    outboxes = [Outbox(monotonic) for _ in range(20)]
    writing.lines = ["one", "two"]
    following.set(outboxes[0], {"r": 0})
    await eventually(lambda: told(outboxes[0]) == ["one", "two"])
    for number, outbox in enumerate(outboxes[1:]):
        following.set(outbox, {"r": number % 3})
    writing.lines.append("three")
    await eventually(lambda: told(outboxes[-1])[-1:] == ["three"])
    for number, outbox in enumerate(outboxes[1:]):
        assert told(outbox) == ["one", "two", "three"][number % 3 :]
    assert writing.followed == [0]


async def test_who_wants_what_is_forgotten_has_it_looked_up(
    writing: Writing, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.web.live.feed._KEPT", 1)
    first, second = Outbox(monotonic), Outbox(monotonic)
    writing.lines = ["one", "two", "three"]
    following.set(first, {"r": 0})
    await eventually(lambda: told(first) == ["one", "two", "three"])
    following.set(second, {"r": 1})
    await eventually(lambda: told(second) == ["two", "three"])
    assert writing.followed == [0, 1]


async def test_nobody_follows_and_nothing_is_looked_up(
    writing: Writing, following: Following
) -> None:
    outbox = Outbox(monotonic)
    following.set(outbox, {"r": 0})
    await asyncio.sleep(0.01)
    following.leave(outbox)
    assert not following._tasks
    writing.lines = ["one"]
    await asyncio.sleep(0.01)
    assert told(outbox) == []


async def test_a_run_that_nobody_knows_has_ended(following: Following) -> None:
    outbox = Outbox(monotonic)
    following.set(outbox, {"none": 0})
    await eventually(lambda: told(outbox) == ["ended"])


async def test_it_goes_on_after_the_database_was_away(
    writing: Writing, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.web.live.feed._AGAIN", 0.01)
    outbox = Outbox(monotonic)
    writing.lines = ["one"]
    following.set(outbox, {"r": 0})
    await eventually(lambda: told(outbox) == ["one"])
    writing.away = 2
    writing.lines.append("two")
    await eventually(lambda: told(outbox) == ["one", "two"])
    assert writing.followed == [0, 1, 1]


async def test_only_so_many_runs_are_followed_at_once(following: Following) -> None:
    for number in range(20):
        following.set(Outbox(monotonic), {f"r{number}": 0})
    with pytest.raises(TooManyFollowedError, match="20 runs"):
        following.set(Outbox(monotonic), {"r20": 0})
    following.set(Outbox(monotonic), {"r3": 0})


async def test_a_book_without_runbooks_has_nothing_to_follow() -> None:
    with pytest.raises(TooManyFollowedError):
        Following(None).set(Outbox(monotonic), {"r": 0})


async def test_what_prints_without_end_leaves_time_for_others(
    writing: Writing, following: Following
) -> None:
    outbox = Outbox(monotonic)
    writing.lines = ["x" * 80] * 100_000
    following.set(outbox, {"r": 0})
    await eventually(lambda: len(told(outbox)) >= 200)
    longest, began = 0.0, monotonic()
    while monotonic() - began < 0.3:
        before = monotonic()
        await asyncio.sleep(0)
        longest = max(longest, monotonic() - before)
    assert longest < 0.1
    assert len(outbox._texts) < 2_000
