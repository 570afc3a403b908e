"""Looks of prechecks, proofs and dry runs."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsbook.runbooks.action import ActionFailedError
from opsbook.runbooks.context import Context
from opsbook.runbooks.looking import looked
from opsbook.runbooks.settings import StepSettings
from tests.runbooks.scene import Alone, book, seen


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Alone]:
    hands = Alone(tmp_path)
    yield hands
    hands.jobs.close()


@pytest.fixture
def context(hands: Alone) -> Context:
    values: dict[str, Any] = {"steps": {}}
    return Context("run", "one", "0.1", "ada", "test", values, asyncio.Event(), hands)


def steps(directory: Path, *written: dict[str, Any]) -> list[StepSettings]:
    return book(directory, one={"steps": written})["one"].steps


async def test_each_sees_what_those_before_it_found(
    hands: Alone, context: Context, tmp_path: Path
) -> None:
    for line in ("a", "n1.0"):
        hands.write(line)
    first = {"name": "first", **seen("a")}
    found = await looked(steps(tmp_path, first, seen("n{{ steps.first.value }}")), context)
    assert list(found) == ["first", "query_2"]


async def test_one_whose_condition_does_not_hold_is_not_looked_at(
    context: Context, tmp_path: Path
) -> None:
    assert await looked(steps(tmp_path, {"if": "1 > 2", **seen("never")}), context) == {}


async def test_the_first_that_fails_is_named(context: Context, tmp_path: Path) -> None:
    with pytest.raises(ActionFailedError, match="query_1: "):
        await looked(steps(tmp_path, seen("never"), seen("neither")), context)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"approve": {"question": "well?"}}, "nobody can be asked"),
        ({"run": {"runbook": "one"}}, "runs no runbook"),
    ],
)
async def test_people_and_runbooks_have_no_place_in_a_look(
    context: Context, tmp_path: Path, step: dict[str, Any], said: str
) -> None:
    with pytest.raises(ActionFailedError, match=said):
        await looked(steps(tmp_path, step), context)


async def test_a_command_ends_when_the_look_is_over(context: Context, tmp_path: Path) -> None:
    slow = {"class": 0, "command": {"argv": ["sleep", "30"]}}
    brief = Context(
        "run", "brief", "0", "ada", "test", context.values, asyncio.Event(), context.hands, 0.2
    )
    with pytest.raises(ActionFailedError, match="not done within 200 ms"):
        await looked(steps(tmp_path, slow), brief)
