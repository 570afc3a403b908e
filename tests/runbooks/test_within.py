"""An action and its time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from opsbook.durable.values import Json
from opsbook.runbooks import within
from opsbook.runbooks.action import Action, ActionFailedError, ActionUnknownError
from opsbook.runbooks.context import Context
from opsbook.runbooks.within import carried_out
from tests.runbooks.scene import Alone

Does = Callable[[Context], Awaitable[dict[str, Json]]]


class Acting(Action):
    """Does what it is told."""

    _does: Does

    @property
    def subject(self) -> str:
        return "acting"

    async def carry_out(self, context: Context) -> dict[str, Json]:
        return await self._does(context)


def acting(does: Does) -> Acting:
    made = Acting()
    made._does = does
    return made


@pytest.fixture
def context(tmp_path: Path) -> Context:
    values: dict[str, Any] = {"steps": {}}
    return Context("run", "one", "0.1", "ada", "test", values, asyncio.Event(), Alone(tmp_path))


async def until_told(context: Context) -> None:
    await context.stopping.wait()


async def test_it_knows_how_long_it_may_take(context: Context) -> None:
    async def does(seen: Context) -> dict[str, Json]:
        return {"within": seen.within}

    assert await carried_out(acting(does), context, 7.0) == {"within": 7.0}


async def test_what_ends_after_its_time_has_its_result_all_the_same(context: Context) -> None:
    async def does(seen: Context) -> dict[str, Json]:
        await until_told(seen)
        return {"after": "it runs"}

    assert await carried_out(acting(does), context, 0.05) == {"after": "it runs"}


async def test_what_stops_in_time_has_failed_with_what_is_known_of_it(context: Context) -> None:
    async def does(seen: Context) -> dict[str, Json]:
        await until_told(seen)
        raise ActionFailedError("killed", {"exit_code": None})

    with pytest.raises(ActionFailedError, match="acting: not done within 50 ms") as caught:
        await carried_out(acting(does), context, 0.05)
    assert caught.value.result == {"exit_code": None}


async def test_what_nobody_knows_stays_unknown_at_the_deadline(context: Context) -> None:
    async def does(seen: Context) -> dict[str, Json]:
        await until_told(seen)
        raise ActionUnknownError("the commit was lost")

    with pytest.raises(ActionUnknownError, match="the commit was lost"):
        await carried_out(acting(does), context, 0.05)


@pytest.mark.parametrize(
    ("changes", "kind"), [(True, ActionUnknownError), (False, ActionFailedError)]
)
async def test_what_does_not_stop_is_cut_off_and_unknown_if_it_changes_something(
    context: Context, monkeypatch: pytest.MonkeyPatch, changes: bool, kind: type[Exception]
) -> None:
    monkeypatch.setattr(within, "_GRACE", 0.05)
    cut = asyncio.Event()

    async def does(_: Context) -> dict[str, Json]:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cut.set()
            raise
        return {}

    with pytest.raises(kind, match="not done within"):
        await carried_out(acting(does), context, 0.05, changes=changes)
    await asyncio.wait_for(cut.wait(), 1)
