"""What runbooks act through, on a living platform."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from opsbook.app.hands import AppHands, Rooms
from opsbook.core.errors import BadInputError
from opsbook.durable.jobs.jobs import Jobs
from opsbook.probes.model import State
from opsbook.runbooks.action import ActionUnknownError
from tests.alerts.notifiers.catcher import Catcher, catching
from tests.eventually import eventually
from tests.services.platform import Platform, one_service, watched


@asynccontextmanager
async def at_work(
    directory: Path, receiver: str = "http://127.0.0.1:1/"
) -> AsyncIterator[tuple[AppHands, Platform]]:
    """Hands over a platform with one service `a` that is well, and a receiver `team`."""
    file = one_service(directory)
    receivers = [{"name": "team", "webhook_configs": [{"url": receiver}]}]
    alerts = {"route": {"receiver": "team"}, "receivers": receivers}
    file.write_text(json.dumps({**json.loads(file.read_text()), "alerts": alerts}))
    async with watched(file, directory / "data") as platform:
        await platform.well()
        app = platform.app
        rooms = Rooms(app.watch, app.measuring.querier, app.services, app.alerts.delivery)
        jobs = Jobs(directory / "jobs")
        yield AppHands(rooms, jobs, str(directory), app.clock), platform


async def test_a_look_is_taken_like_any_other(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (hands, platform):
        (tmp_path / "a/mute").touch()
        outcome = await hands.look("a-greets")
        assert outcome.state is not State.UP
        assert platform.app.watch.checks["a-greets"].outcome is not None


async def test_a_query_gives_series_or_a_number_and_nothing_else(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (hands, _):
        assert list(await hands.query("1 + 1")) == [({}, 2.0)]
        for wrong, words in (("1 +", "parse error"), ("up[5m]", "gives a matrix, not a vector")):
            with pytest.raises(BadInputError, match=words):
                await hands.query(wrong)


async def test_an_order_is_carried_out_and_verified(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (hands, platform):
        before = platform.pid()
        assert f"{before}" in await hands.standing("a")
        done = await hands.order("a", "restart", by="ada", why="it hangs", key="k")
        assert done.verified
        assert str(before) in done.before
        assert str(platform.pid()) in done.after
        assert platform.pid() != before
        entries = {each["seq"]: each["kind"] for each in platform.ledger()}
    assert "service.verified" in {entries[number] for number in done.evidence}


async def test_an_order_that_was_begun_and_cut_short_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(tmp_path) as (hands, platform):

        async def broken(_: object) -> None:
            raise RuntimeError("a fault of the keeper")

        with monkeypatch.context() as patched:
            patched.setattr(type(platform.keeper().controller), "stop", broken)
            with pytest.raises(ActionUnknownError, match="during the restart; look how it stands"):
                await hands.order("a", "restart", by="ada", why="it hangs", key="k")


async def test_a_notice_with_the_same_key_leaves_once(tmp_path: Path) -> None:
    async with catching() as catcher, at_work(tmp_path, f"{catcher.url}/hook") as (hands, _):
        for _ in range(3):
            said = await hands.notify("team", "restarted", "load was 3", "run.tell.0")
        assert said == "handed to the outbox for 1 entries of team"
        await eventually(lambda: catcher.caught)
        await hands.notify("team", "again", "load is 2", "run.tell.1")
        await eventually(lambda: len(told(catcher)) == 2)
        await asyncio.sleep(0.2)
    assert told(catcher) == [("restarted", "load was 3"), ("again", "load is 2")]


def told(catcher: Catcher) -> list[tuple[str, str]]:
    """Summary and description of every notice that arrived."""
    said = [request.json()["alerts"][0]["annotations"] for request in catcher.caught]
    return [(each["summary"], each["description"]) for each in said]


async def test_names_that_nobody_declared_are_refused_with_the_one_that_is_meant(
    tmp_path: Path,
) -> None:
    async with at_work(tmp_path) as (hands, _):
        with pytest.raises(BadInputError, match=r"no such check .got 'a-greet'.: did you mean"):
            await hands.look("a-greet")
        with pytest.raises(BadInputError, match=r"no such service .got 'b'."):
            await hands.standing("b")
        with pytest.raises(BadInputError, match=r"no such service .got 'b'."):
            await hands.order("b", "stop", by="ada", why="because", key="k")
        with pytest.raises(BadInputError, match=r"no such receiver .got 'teams'.: did you mean"):
            await hands.notify("teams", "x", "y", "key")
