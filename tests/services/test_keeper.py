"""A service is kept: started in order, restarted within its budget, verified, adopted."""

import asyncio
import json
from pathlib import Path

import pytest

from opsbook.probes.model import State
from opsbook.services.events import (
    NeedsPerson,
    RestartBegun,
    ServiceDied,
    ServiceStarted,
    ServiceUnwell,
    ServiceVerified,
    VerificationFailed,
)
from opsbook.services.life import Phase
from tests.eventually import eventually
from tests.servers.loopback import free_port
from tests.services.platform import one_service, small_book, small_service, watched


async def test_a_killed_service_is_restarted_and_verified(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        before = platform.pid()
        platform.kill()
        verified = await platform.until(ServiceVerified, 2)
        assert platform.pid() != before
        assert platform.of(ServiceDied)[0].how == "killed by SIGKILL"
        assert verified.after_trouble < 1
        assert platform.keeper().state() is State.UP


async def test_the_ledger_tells_the_story_in_its_order(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        platform.kill()
        verified = await platform.until(ServiceVerified, 2)
        story = [entry for entry in platform.ledger() if entry["seq"] in verified.evidence]
    assert [entry["kind"] for entry in story] == [
        "service.died",
        "service.restart",
        "service.verified",
    ]
    assert story[1]["body"]["reason"] == "killed by SIGKILL"
    assert story[2]["body"]["checks"]["a-greets"]["greeting"] == "ready"


async def test_a_service_that_runs_but_does_not_work_is_restarted(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        before = platform.pid()
        (tmp_path / "a/mute").touch()
        unwell = await platform.until(ServiceUnwell)
        (tmp_path / "a/mute").unlink()
        await platform.until(ServiceVerified, 2)
        assert unwell.check == "a-greets"
        assert platform.pid() != before
        assert not Path(f"/proc/{before}").exists()


async def test_one_that_stays_down_after_its_cause_has_gone_is_restarted(tmp_path: Path) -> None:
    book = small_book(
        tmp_path,
        web=small_service(tmp_path, "web", free_port(), depends_on=["store"]),
        store=small_service(tmp_path, "store", free_port(), restart={"at_most": 0}),
    )
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        store, web = (platform.app.watch.checks[f"{name}-greets"] for name in ("store", "web"))
        (tmp_path / "store/mute").touch()
        await eventually(lambda: store.state is State.DOWN)
        (tmp_path / "web/mute").touch()
        await eventually(lambda: web.state is State.DOWN)
        assert platform.of(ServiceUnwell, "web") == []
        (tmp_path / "store/mute").unlink()
        await eventually(lambda: bool(platform.of(ServiceUnwell, "web")))


async def test_a_check_that_may_not_restart_leaves_the_service_alone(tmp_path: Path) -> None:
    file = one_service(tmp_path)
    book = json.loads(file.read_text())
    book["checks"]["a-greets"]["restart_when_down"] = False
    file.write_text(json.dumps(book))
    async with watched(file, tmp_path / "data") as platform:
        await platform.well()
        (tmp_path / "a/mute").touch()
        check = platform.app.watch.checks["a-greets"]
        await eventually(lambda: check.state is State.DOWN)
        await asyncio.sleep(0.3)
        assert platform.of(ServiceUnwell) == []
        assert platform.keeper().state() is State.DOWN


async def test_a_spent_budget_needs_a_person_and_says_so_once(tmp_path: Path) -> None:
    restart = {"at_most": 2, "backoff": ["0s"], "verify_within": "3s"}
    async with watched(one_service(tmp_path, restart=restart), tmp_path / "data") as platform:
        await platform.well()
        (tmp_path / "a/die").touch()
        platform.kill()
        needs = await platform.until(NeedsPerson)
        await asyncio.sleep(0.3)
        assert len(platform.of(RestartBegun)) == 2
        assert len(platform.of(VerificationFailed)) == 2
        assert len(platform.of(NeedsPerson)) == 1
        assert "exited with 7" in needs.reason
        assert "2 restarts per 1 h are used up" in needs.reason
        assert platform.keeper().state() is State.DOWN
        assert platform.keeper().phase is Phase.NEEDS_PERSON


async def test_what_a_person_brings_back_is_verified_and_kept_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.services.keeper._ASK_AGAIN", 0.1)
    async with watched(one_service(tmp_path, restart={"at_most": 0}), tmp_path / "d") as platform:
        await platform.well()
        platform.kill()
        await platform.until(NeedsPerson)
        await platform.keeper().controller.start()
        await platform.until(ServiceVerified, 2)
        assert platform.keeper().phase is Phase.RUNNING


async def test_the_budget_outlives_the_process_that_spends_it(tmp_path: Path) -> None:
    book = one_service(tmp_path, restart={"at_most": 1, "verify_within": "3s"})
    async with watched(book, tmp_path / "data", leave=True) as platform:
        await platform.well()
        platform.kill()
        await platform.until(ServiceVerified, 2)
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        platform.kill()
        await platform.until(NeedsPerson)
        assert platform.of(RestartBegun) == []


async def test_what_runs_is_adopted_and_its_death_is_seen(tmp_path: Path) -> None:
    book = one_service(tmp_path)
    async with watched(book, tmp_path / "data", leave=True) as platform:
        await platform.well()
        before = platform.pid()
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        assert platform.pid() == before
        assert platform.of(ServiceStarted)[0].adopted
        platform.kill()
        await platform.until(ServiceVerified, 2)
        assert platform.pid() != before


async def test_services_start_when_what_they_need_is_well(tmp_path: Path) -> None:
    book = small_book(
        tmp_path,
        web=small_service(tmp_path, "web", free_port(), depends_on=["store", "cache"]),
        cache=small_service(tmp_path, "cache", free_port(), depends_on=["store"]),
        store=small_service(tmp_path, "store", free_port()),
    )
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        order = [
            (type(event).__name__, event.service)
            for event in platform.heard
            if isinstance(event, ServiceStarted | ServiceVerified)
        ]
    assert order == [
        (kind, name)
        for name in ("store", "cache", "web")
        for kind in ("ServiceStarted", "ServiceVerified")
    ]


async def test_one_failure_restarts_one_service_and_no_other(tmp_path: Path) -> None:
    book = small_book(
        tmp_path,
        web=small_service(tmp_path, "web", free_port(), depends_on=["store"]),
        store=small_service(tmp_path, "store", free_port()),
    )
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        web = platform.pid("web")
        platform.kill("store")
        await platform.until(ServiceVerified, 3)
        assert platform.pid("web") == web
        assert [event.service for event in platform.of(RestartBegun)] == ["store"]


async def test_services_that_die_together_come_back_in_their_order(tmp_path: Path) -> None:
    book = small_book(
        tmp_path,
        web=small_service(tmp_path, "web", free_port(), depends_on=["store"]),
        store=small_service(tmp_path, "store", free_port()),
    )
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        platform.kill("web")
        platform.kill("store")
        await platform.until(ServiceVerified, 4)
        events = [e for e in platform.heard if isinstance(e, ServiceStarted | ServiceVerified)]
        assert [(type(event).__name__, event.service) for event in events[4:]] == [
            ("ServiceStarted", "store"),
            ("ServiceVerified", "store"),
            ("ServiceStarted", "web"),
            ("ServiceVerified", "web"),
        ]


async def test_in_maintenance_nothing_is_restarted(tmp_path: Path) -> None:
    file = one_service(tmp_path)
    book = json.loads(file.read_text())
    window = {"reason": "x", "begin": "2000-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}
    file.write_text(json.dumps({**book, "maintenance": [window]}))
    async with watched(file, tmp_path / "data") as platform:
        await platform.well()
        platform.kill()
        died = await platform.until(ServiceDied)
        await asyncio.sleep(0.3)
        assert died.maintenance
        assert platform.of(RestartBegun) == []
        assert platform.keeper().state() is State.MAINTENANCE


async def test_a_program_that_is_not_there_is_told_and_not_tried_for_ever(tmp_path: Path) -> None:
    service = small_service(tmp_path, "a", free_port(), restart={"at_most": 1})
    service["process"]["command"] = [str(tmp_path / "no-such-program")]
    async with watched(small_book(tmp_path, a=service), tmp_path / "data") as platform:
        needs = await platform.until(NeedsPerson)
        assert "no-such-program: No such file or directory" in needs.reason


async def test_a_keeper_that_breaks_says_so_and_ends_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.services.service._BEGIN_AGAIN", 0.1)
    book = small_book(
        tmp_path,
        a=small_service(tmp_path, "a", free_port()),
        b=small_service(tmp_path, "b", free_port()),
    )
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        with monkeypatch.context() as broken:
            broken.setattr(type(platform.keeper("a").budget), "take", lambda *_: 1 // 0)
            platform.kill("a")
            needs = await platform.until(NeedsPerson)
            assert needs.reason.startswith("the keeper itself broke: ZeroDivisionError")
            assert platform.keeper("b").state() is State.UP
        await platform.well("a")
        assert platform.keeper("a").state() is State.UP


async def test_a_full_disk_does_not_stop_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.services.ledger._WRITTEN_WITHIN", 0.05)
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        ledger = platform.app.ledger
        monkeypatch.setattr(ledger, "_write", lambda batch: setattr(ledger, "trouble", "full"))
        platform.kill()
        await platform.until(ServiceVerified, 2)
        assert ledger.waiting >= 3
        assert platform.app.front.view.verdict() is State.DEGRADED
        monkeypatch.undo()
        assert await ledger.flush(within=5)


async def test_logs_and_records_are_private(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        files = [entry for entry in (tmp_path / "data").rglob("*") if entry.is_file()]
        assert {entry.name for entry in files} >= {"a.log", "a.json", "state.db"}
        for entry in files:
            assert entry.stat().st_mode & 0o077 == 0, entry
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
