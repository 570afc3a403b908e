"""Who may run a drill, when it runs by itself, and how it stands."""

from pathlib import Path

import pytest

from opsbook.core.clock import iso
from opsbook.core.errors import BadInputError
from opsbook.drills.model import Approval, DrillState, RefusedError
from opsbook.services.events import ServiceDied
from tests.drills.scene import Scene, scene, settings, wait_until_up
from tests.eventually import eventually
from tests.services.platform import one_service

KILL = {"kill": {"service": "a"}}
ALWAYS = {"at": "00:00", "lasting": "24h"}


def states(found: Scene) -> dict[str, DrillState]:
    return {each.drill: each.state for each in found.drills.standings()}


async def test_what_was_never_run_is_unknown(tmp_path: Path) -> None:
    async with scene(one_service(tmp_path), tmp_path / "data", settings(tmp_path, dies=KILL)) as it:
        assert states(it) == {"dies": "never run"}
        assert it.drills.verdict() == "unknown"


async def test_what_was_proved_is_remembered_and_overdue_in_the_end(tmp_path: Path) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    async with scene(book, data, settings(tmp_path, dies=KILL)) as it:
        await wait_until_up(it)
        await it.run("dies")
        assert (states(it), it.drills.verdict()) == ({"dies": "proved"}, "up")
    again = {"dies": {**KILL, "every": "1d"}, "soon": {**KILL, "every": "1d"}}
    async with scene(book, data, settings(tmp_path, **again)) as it:
        assert states(it) == {"soon": "never run", "dies": "proved"}
    short = {**KILL, "every": "1ms"}
    async with scene(book, data, settings(tmp_path, dies=short)) as it:
        assert (states(it), it.drills.verdict()) == ({"dies": "overdue"}, "down")


async def test_production_is_not_hurt_without_a_second_person(tmp_path: Path) -> None:
    drills = settings(tmp_path, dies=KILL)
    book, data = one_service(tmp_path), tmp_path / "data"
    async with scene(book, data, drills, production=lambda _: True) as it:
        await wait_until_up(it)
        with pytest.raises(RefusedError, match="a second person has to approve it"):
            await it.drills.request("dies", "ada", "to see")
        with pytest.raises(RefusedError, match="ada asked for it and cannot approve it as well"):
            await it.drills.request("dies", "ada", "to see", Approval("ada", 0.0))
        assert it.platform.of(ServiceDied) == []
        run = await it.drills.request("dies", "ada", "to see", Approval("bob", 0.0))
        await it.engine.wait(run, 20)
        (proved,) = it.ledger("drill.proved")
    assert (proved["body"]["asked_by"], proved["body"]["approved_by"]) == ("ada", "bob")


async def test_what_was_asked_for_waits_for_somebody_else(tmp_path: Path) -> None:
    drills = settings(tmp_path, dies=KILL)
    book, data = one_service(tmp_path), tmp_path / "data"
    async with scene(book, data, drills, production=lambda _: True) as it:
        await wait_until_up(it)
        run = await it.drills.ask("dies", "ada (through root)", "root", "to see")
        assert await it.drills.awaits_approval("dies", run)
        for same in ("ada (through root)", "root"):
            with pytest.raises(RefusedError, match="cannot approve it as well"):
                await it.drills.approve("dies", run, same)
        with pytest.raises(BadInputError, match="nobody asked for drill"):
            await it.drills.approve("dies", "drill.dies.other", "bob")
        assert it.platform.of(ServiceDied) == []
        assert await it.drills.approve("dies", run, "bob") == run
        info = await it.engine.wait(run, 20)
    assert isinstance(info.result, dict)
    assert info.result["state"] == "proved"


async def test_what_somebody_said_no_to_waits_no_more_and_never_runs(tmp_path: Path) -> None:
    drills = settings(tmp_path, dies=KILL)
    book, data = one_service(tmp_path), tmp_path / "data"
    async with scene(book, data, drills, production=lambda _: True) as it:
        await wait_until_up(it)
        run = await it.drills.ask("dies", "ada", "ada", "to see")
        await it.drills.decline("dies", run, "bob", "not on a Monday")
        for answering in (
            it.drills.approve("dies", run, "eve"),
            it.drills.decline("dies", run, "eve", "nor I"),
        ):
            with pytest.raises(RefusedError, match=f"bob refused {run}: not on a Monday"):
                await answering
        with pytest.raises(BadInputError, match="nobody asked for drill"):
            await it.drills.decline("dies", "drill.dies.other", "bob", "no")
        assert it.platform.of(ServiceDied) == []
        (no,) = it.ledger("drill.declined")
    assert (no["actor"], no["body"]["run"]) == ("bob", run)


async def test_what_was_approved_cannot_be_refused_any_more(tmp_path: Path) -> None:
    drills = settings(tmp_path, dies=KILL)
    book, data = one_service(tmp_path), tmp_path / "data"
    async with scene(book, data, drills, production=lambda _: True) as it:
        await wait_until_up(it)
        run = await it.drills.ask("dies", "ada", "ada", "to see")
        await it.drills.approve("dies", run, "bob")
        with pytest.raises(RefusedError, match="was approved already"):
            await it.drills.decline("dies", run, "eve", "stop")
        await it.engine.wait(run, 20)


async def test_an_unknown_drill_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    async with scene(one_service(tmp_path), tmp_path / "data", settings(tmp_path, dies=KILL)) as it:
        with pytest.raises(BadInputError, match="did you mean dies"):
            await it.drills.request("diez", "ada", "to see")


async def test_what_is_due_runs_by_itself_in_its_window(tmp_path: Path) -> None:
    drills = settings(
        tmp_path,
        dies={**KILL, "every": "30d", "window": ALWAYS},
        by_hand={**KILL, "every": "30d"},
    )
    async with scene(one_service(tmp_path), tmp_path / "data", drills) as it:
        await wait_until_up(it)
        assert it.drills.due() == ["dies"]
        await eventually(lambda: states(it)["dies"] == "proved", within=20)
        assert it.drills.due() == []
        (proved,) = it.ledger("drill.proved")
    assert (proved["actor"], states(it)["by-hand"]) == ("opsbook", "never run")


async def test_outside_its_window_nothing_runs_by_itself(tmp_path: Path) -> None:
    began = iso(0.0).replace("Z", "+00:00")
    once = {"begin": began, "end": iso(60.0).replace("Z", "+00:00")}
    drills = settings(tmp_path, dies={**KILL, "every": "30d", "window": once})
    async with scene(one_service(tmp_path), tmp_path / "data", drills) as it:
        assert it.drills.due() == []


async def test_production_does_not_run_by_itself(tmp_path: Path) -> None:
    drills = settings(tmp_path, dies={**KILL, "every": "30d", "window": ALWAYS})
    book, data = one_service(tmp_path), tmp_path / "data"
    async with scene(book, data, drills, production=lambda _: True) as it:
        assert it.drills.due() == []
