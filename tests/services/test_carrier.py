"""Somebody's order is carried out in its turn, proved, and a stop remains a stop."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from opsbook.core.errors import BadInputError
from opsbook.probes.model import State
from opsbook.services.controller import ControllerError
from opsbook.services.events import (
    OrderFailed,
    RestartBegun,
    ServiceDied,
    ServiceOrdered,
    ServiceStopped,
    ServiceUnwell,
    ServiceVerified,
)
from opsbook.services.life import Phase
from opsbook.services.orders import Order, Ordered, Verb
from tests.eventually import eventually
from tests.servers.loopback import free_port
from tests.services.platform import Platform, one_service, small_book, small_service, watched


async def order(platform: Platform, verb: Verb, name: str = "a", **more: Any) -> Ordered:
    wanted = Order(verb, by="ada", why="new rack", **more)
    async with asyncio.timeout(20):
        return await platform.app.services.order(name, wanted)


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def scalable(directory: Path, **scale: Any) -> Path:
    """A book whose service has as many workers as a file says."""
    service = small_service(directory, "a", free_port(), scale={"at_most": 4, **scale})
    count = directory / "workers"
    count.write_text("1")
    service["process"] |= {
        "scale": ["sh", "-c", f"echo $0 > {count}", "{replicas}"],
        "replicas": ["cat", str(count)],
    }
    return small_book(directory, a=service)


async def test_a_restart_by_order_is_another_instance_and_verified(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        before = platform.pid()
        done = await order(platform, "restart")
        assert (done.verified, done.message) == (True, "its checks are well")
        assert (done.before, done.after) == (f"pid {before}", f"pid {platform.pid()}")
        assert platform.pid() != before
        assert not lives(before)
        assert platform.keeper().state() is State.UP
        assert 0 < done.seconds < 10


async def test_the_ledger_tells_who_ordered_what_before_it_was_done(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        done = await order(platform, "restart")
        story = [entry for entry in platform.ledger() if entry["seq"] in done.evidence]
    assert [entry["kind"] for entry in story] == ["service.ordered", "service.verified"]
    assert story[0]["actor"] == "ada"
    assert story[0]["body"] == {"verb": "restart", "by": "ada", "why": "new rack", "replicas": None}


async def test_an_order_spends_none_of_the_restart_budget(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path, restart={"at_most": 1}), tmp_path / "d") as platform:
        await platform.well()
        for _ in range(3):
            assert (await order(platform, "restart")).verified
        assert platform.keeper().budget.left(platform.app.clock.now()) == 1
        platform.kill()
        await platform.until(RestartBegun)


async def test_what_was_stopped_by_order_is_not_restarted(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        before, check = platform.pid(), platform.app.watch.checks["a-greets"]
        done = await order(platform, "stop")
        assert (done.verified, done.after) == (True, None)
        assert not lives(before)
        await eventually(lambda: check.state is State.DOWN)
        await asyncio.sleep(0.3)
        keeper = platform.keeper()
        assert (keeper.phase, keeper.message) == (Phase.STOPPED, "stopped by ada: new rack")
        assert keeper.state() is State.MAINTENANCE
        assert platform.app.watch.shown_state(check) is State.MAINTENANCE
        assert platform.app.watch.covered("a") == "stopped by ada: new rack"
        assert platform.of(ServiceDied) == platform.of(ServiceUnwell) == []
        assert platform.of(ServiceStopped) == [ServiceStopped("a", "ada", "new rack")]


async def test_a_stop_remains_a_stop_in_a_later_life_until_a_start(tmp_path: Path) -> None:
    book = one_service(tmp_path)
    async with watched(book, tmp_path / "data", leave=True) as platform:
        await platform.well()
        await order(platform, "stop")
    async with watched(book, tmp_path / "data", leave=True) as platform:
        await eventually(lambda: platform.keeper().phase is Phase.STOPPED)
        await asyncio.sleep(0.3)
        assert await platform.keeper().controller.running() is None
        assert platform.keeper().message == "stopped by ada: new rack"
        assert (await order(platform, "start")).verified
        assert platform.app.watch.covered("a") == ""
        assert platform.keeper().state() is State.UP
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()


async def test_a_stop_that_was_cut_short_is_completed_by_the_next_life(tmp_path: Path) -> None:
    book = one_service(tmp_path)
    async with watched(book, tmp_path / "data", leave=True) as platform:
        await platform.well()
        before = platform.pid()
    record = tmp_path / "data/services/a.orders"
    stop = {"by": "ada", "why": "new rack", "reached": False}
    record.write_text(json.dumps({"stop": stop, "scaled_at": None}))
    async with watched(book, tmp_path / "data") as platform:
        await platform.until(ServiceStopped)
        assert not lives(before)
        assert platform.keeper().phase is Phase.STOPPED
        assert json.loads(record.read_text())["stop"]["reached"]


async def test_what_somebody_else_started_after_a_stop_is_left_alone_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.services.keeper._ASK_AGAIN", 0.1)
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        await order(platform, "stop")
        keeper = platform.keeper()
        started = await keeper.controller.start()
        await eventually(lambda: f"yet {started.name} runs" in keeper.message)
        assert keeper.phase is Phase.STOPPED
        assert (await order(platform, "start")).after == started.name


async def test_a_start_of_what_runs_proves_it_and_changes_nothing(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        done = await order(platform, "start")
        assert done.verified
        assert done.before == done.after


async def test_an_order_brings_back_what_needed_a_person(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path, restart={"at_most": 0}), tmp_path / "d") as platform:
        await platform.well()
        platform.kill()
        await eventually(lambda: platform.keeper().phase is Phase.NEEDS_PERSON)
        assert (await order(platform, "start")).verified
        assert platform.keeper().phase is Phase.RUNNING


async def test_a_start_that_does_not_get_well_says_so_and_is_recovered(tmp_path: Path) -> None:
    restart = {"verify_within": "1s", "backoff": ["0s"]}
    async with watched(one_service(tmp_path, restart=restart), tmp_path / "data") as platform:
        await platform.well()
        (tmp_path / "a/die").touch()
        done = await order(platform, "restart")
        assert done.verified is False
        assert "exited with 7" in done.message
        assert done.after is None
        failed = platform.ledger("service.order_failed")[0]
        assert failed["seq"] in done.evidence
        assert failed["body"]["verb"] == "restart"
        assert platform.of(OrderFailed)[0].reason == done.message
        (tmp_path / "a/die").unlink()
        await platform.well()


async def test_a_stop_that_fails_leaves_it_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: object) -> None:
        raise ControllerError("the manager is busy")

    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        with monkeypatch.context() as broken:
            broken.setattr(type(platform.keeper().controller), "stop", refuse)
            done = await order(platform, "stop")
        assert (done.verified, done.message) == (False, "the manager is busy")
        assert platform.keeper().state() is State.UP
        platform.kill()
        await platform.until(ServiceVerified, 2)


async def test_without_a_check_nothing_is_called_verified(tmp_path: Path) -> None:
    file = one_service(tmp_path)
    book = json.loads(file.read_text())
    file.write_text(json.dumps({**book, "checks": {}}))
    async with watched(file, tmp_path / "data") as platform:
        await platform.well()
        done = await order(platform, "restart")
        assert (done.verified, done.message) == (None, "no check proves it")


async def test_orders_are_carried_out_one_after_the_other(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        stop, start = await asyncio.gather(order(platform, "stop"), order(platform, "start"))
        assert (stop.verified, start.verified) == (True, True)
        assert stop.before != start.after
        kinds = ("service.ordered", "service.stopped", "service.verified")
        story = [e["body"].get("verb", e["kind"]) for e in platform.ledger(*kinds)]
    assert story[story.index("stop") :][:4] == [
        "stop",
        "service.stopped",
        "start",
        "service.verified",
    ]


async def test_an_order_waits_for_the_recovery_under_way(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        (tmp_path / "a/mute").touch()
        platform.kill()
        await platform.until(RestartBegun)
        waiting = asyncio.create_task(order(platform, "stop"))
        await asyncio.sleep(0.2)
        assert platform.of(ServiceOrdered) == []
        (tmp_path / "a/mute").unlink()
        assert (await waiting).verified
        kinds = [e["kind"] for e in platform.ledger()]
        assert kinds.index("service.ordered") > kinds.index("service.restart")


async def test_an_order_does_not_wait_for_the_next_attempt(tmp_path: Path) -> None:
    restart = {"backoff": ["0s", "60s"], "at_most": 5}
    async with watched(one_service(tmp_path, restart=restart), tmp_path / "data") as platform:
        await platform.well()
        (tmp_path / "a/die").touch()
        platform.kill()
        await eventually(lambda: bool(platform.ledger("service.restart_failed")))
        await asyncio.sleep(0.1)
        assert (await order(platform, "stop")).verified
        assert len(platform.ledger("service.restart")) == 1


async def test_an_order_that_cannot_wait_is_withdrawn(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        (tmp_path / "a/mute").touch()
        platform.kill()
        await platform.until(RestartBegun)
        with pytest.raises(BadInputError, match="withdrawn and nothing was done"):
            await order(platform, "stop", patience=0.2)
        (tmp_path / "a/mute").unlink()
        await platform.well()
        assert platform.of(ServiceOrdered) == []


async def test_who_leaves_after_its_turn_came_does_not_undo_an_order(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        asked = asyncio.create_task(order(platform, "stop"))
        await platform.until(ServiceOrdered)
        asked.cancel()
        await platform.until(ServiceStopped)


async def test_more_than_a_few_orders_are_refused(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        orders = [order(platform, "restart") for _ in range(6)]
        answers = await asyncio.gather(*orders, return_exceptions=True)
        refused = [each for each in answers if isinstance(each, BadInputError)]
        assert 1 <= len(refused) <= 2
        assert "4 orders wait already" in str(refused[0])


async def test_the_services_that_feel_it_are_told_and_not_touched(tmp_path: Path) -> None:
    book = small_book(
        tmp_path,
        web=small_service(tmp_path, "web", free_port(), depends_on=["store"]),
        edge=small_service(tmp_path, "edge", free_port(), depends_on=["web"]),
        store=small_service(tmp_path, "store", free_port()),
    )
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        web = platform.pid("web")
        done = await order(platform, "restart", "store")
        assert done.dependents == ("web", "edge")
        assert platform.pid("web") == web


async def test_a_service_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    book = small_book(tmp_path, store=small_service(tmp_path, "store", free_port()))
    async with watched(book, tmp_path / "data") as platform:
        with pytest.raises(BadInputError, match="no service 'stor'; did you mean store"):
            await order(platform, "stop", "stor")


async def test_a_reload_keeps_the_instance_and_is_verified(tmp_path: Path) -> None:
    service = small_service(tmp_path, "a", free_port())
    service["process"]["reload"] = ["touch", str(tmp_path / "reloaded")]
    async with watched(small_book(tmp_path, a=service), tmp_path / "data") as platform:
        await platform.well()
        done = await order(platform, "reload")
        assert done.verified
        assert done.before == done.after
        assert (tmp_path / "reloaded").exists()


async def test_a_reload_that_ends_the_program_is_told_and_it_is_brought_back(
    tmp_path: Path,
) -> None:
    service = small_service(tmp_path, "a", free_port())
    service["process"]["reload"] = ["sh", "-c", f"pkill -9 -f {tmp_path}/a$; sleep 0.1"]
    async with watched(small_book(tmp_path, a=service), tmp_path / "data") as platform:
        await platform.well()
        done = await order(platform, "reload")
        assert (done.verified, done.message) == (False, "it does not run after the reload")
        await platform.well()


async def test_what_does_not_run_cannot_be_reloaded_or_scaled(tmp_path: Path) -> None:
    async with watched(scalable(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        await order(platform, "stop")
        for ordered in (order(platform, "reload"), order(platform, "scale", replicas=2)):
            with pytest.raises(BadInputError, match=r"its phase is stopped \(stopped by ada"):
                await ordered


async def test_a_scaling_is_counted_and_verified(tmp_path: Path) -> None:
    async with watched(scalable(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        done = await order(platform, "scale", replicas=2)
        assert done.verified
        assert (done.before, done.after) == ("1 replicas", "2 replicas")


async def test_a_scaling_that_nothing_came_of_is_told(tmp_path: Path) -> None:
    file = scalable(tmp_path)
    book = json.loads(file.read_text())
    book["services"]["a"]["process"]["scale"] = ["true", "{replicas}"]
    book["services"]["a"]["restart"] = {"verify_within": "300ms"}
    file.write_text(json.dumps(book))
    async with watched(file, tmp_path / "data") as platform:
        await platform.well()
        done = await order(platform, "scale", replicas=2)
        assert done.verified is False
        assert "1 replicas and not 2 after 300 ms" in done.message
        assert platform.keeper().phase is Phase.RUNNING


@pytest.mark.parametrize(
    ("wanted", "words"),
    [(5, "5 replicas are not from 1 to 4"), (0, "0 replicas"), (3, "2 at once"), (None, "say how")],
)
async def test_a_scaling_outside_its_bounds_is_refused_with_the_numbers(
    tmp_path: Path, wanted: int | None, words: str
) -> None:
    async with watched(scalable(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        with pytest.raises(BadInputError, match=words):
            await order(platform, "scale", replicas=wanted)
        assert platform.ledger("service.ordered") == []


async def test_a_cooldown_outlives_the_process(tmp_path: Path) -> None:
    book = scalable(tmp_path, cooldown="10m")
    async with watched(book, tmp_path / "data", leave=True) as platform:
        await platform.well()
        await order(platform, "scale", replicas=2)
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        with pytest.raises(BadInputError, match=r"cools down for 10 min; order again in"):
            await order(platform, "scale", replicas=3)


async def test_a_service_without_a_scale_in_its_book_is_not_scaled(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        with pytest.raises(BadInputError, match="a may not be scaled: declare"):
            await order(platform, "scale", replicas=2)


async def test_who_waits_when_the_watch_ends_is_told(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        (tmp_path / "a/mute").touch()
        platform.kill()
        await platform.until(RestartBegun)
        waiting = asyncio.create_task(order(platform, "stop"))
        await asyncio.sleep(0.1)
    with pytest.raises(BadInputError, match="the watch has ended; nothing was done"):
        await waiting
