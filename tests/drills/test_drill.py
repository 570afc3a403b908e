"""A whole drill, against a real service under a real watch."""

import json
from pathlib import Path

from opsbook.durable.model import Cancellation, RunState
from opsbook.services.events import ServiceUnwell
from tests.drills.faults.sleeper import letter
from tests.drills.scene import EXPECT, scene, settings, wait_until_up
from tests.eventually import eventually
from tests.services.platform import one_service

KILL = {"kill": {"service": "a"}}
HANG = {"hang": {"service": "a"}}
LATE = {"detected": {"within": "1ms"}, "recovered": {"within": "10s"}}


async def test_a_killed_service_is_seen_and_recovers_and_that_is_on_record(tmp_path: Path) -> None:
    drills = settings(tmp_path, dies=KILL)
    async with scene(one_service(tmp_path), tmp_path / "data", drills) as found:
        await wait_until_up(found)
        result = await found.result("dies")
        (proved,) = found.ledger("drill.proved")
        told = {each["seq"]: each["kind"] for each in found.ledger()}
    evidence = result["evidence"]
    assert result["state"] == "proved"
    assert 0 <= evidence["detect_seconds"] < evidence["recover_seconds"] < 10
    assert evidence["notify_seconds"] is None
    assert [told[seq] for seq in evidence["entries"]] == [
        "drill.began",
        "service.died",
        "service.verified",
    ]
    assert (proved["subject"], proved["actor"]) == ("dies", "ada")
    assert proved["body"] == json.loads(json.dumps(evidence))


async def test_a_hang_is_found_by_a_check_and_the_process_is_not_left_stopped(
    tmp_path: Path,
) -> None:
    drills = settings(tmp_path, hangs=HANG)
    async with scene(one_service(tmp_path), tmp_path / "data", drills) as found:
        await wait_until_up(found)
        result = await found.result("hangs")
        unwell = found.platform.of(ServiceUnwell)
        state = letter(found.platform.pid())
    assert (result["state"], len(unwell), state) == ("proved", 1, "S")


async def test_what_no_restart_mends_recovers_when_it_is_undone(tmp_path: Path) -> None:
    mute = tmp_path / "a/mute"
    command = {"inject": ["touch", str(mute)], "undo": ["rm", "-f", str(mute)]}
    drills = settings(tmp_path, mute={"command": command, "service": "a"})
    restart = {"at_most": 1, "backoff": ["0s"], "verify_within": "500ms"}
    book = one_service(tmp_path, restart=restart)
    async with scene(book, tmp_path / "data", drills) as found:
        await wait_until_up(found)
        result = await found.result("mute")
    assert result["state"] == "proved"
    assert not mute.exists()
    assert 0.0 <= result["evidence"]["recover_seconds"] < 10


async def test_what_is_seen_too_late_is_a_failure_with_its_time(tmp_path: Path) -> None:
    drills = settings(tmp_path, hangs={**HANG, "expect": LATE})
    async with scene(one_service(tmp_path), tmp_path / "data", drills) as found:
        await wait_until_up(found)
        result = await found.result("hangs")
        standing = found.drills.standings()[0]
    assert result["state"] == "failed"
    (missed,) = result["evidence"]["missed"]
    assert missed.startswith("detected after ")
    assert missed.endswith("and not within 1 ms")
    assert (standing.state, standing.state.state) == ("failed", "down")


async def test_what_nobody_sees_is_undone_and_told_as_never_seen(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    command = {"inject": ["touch", str(seen)], "undo": ["rm", "-f", str(seen)]}
    expect = {"detected": {"within": "300ms", "by": ["a-greets"]}, "recovered": {"within": "1s"}}
    drills = settings(tmp_path, quiet={"command": command, "lasts": "500ms", "expect": expect})
    async with scene(one_service(tmp_path), tmp_path / "data", drills) as found:
        await wait_until_up(found)
        result = await found.result("quiet")
    assert result["evidence"]["missed"] == ["detected not within 300 ms"]
    assert result["evidence"]["detect_seconds"] is None
    assert not seen.exists()


async def test_a_platform_that_is_not_well_is_not_hurt(tmp_path: Path) -> None:
    drills = settings(tmp_path, dies=KILL)
    async with scene(one_service(tmp_path), tmp_path / "data", drills) as found:
        await wait_until_up(found)
        (tmp_path / "a/mute").touch()
        await eventually(lambda: not found.platform.keeper().well.is_set())
        before = len(found.ledger("service.died"))
        result = await found.result("dies")
        (refused,) = found.ledger("drill.refused")
        assert len(found.ledger("service.died")) == before
        (tmp_path / "a/mute").unlink()
    assert result["state"] == "refused"
    assert "not well to begin with: a" in result["why"]
    assert refused["body"]["reason"] == result["why"]


async def test_a_fault_that_cannot_be_prepared_hurts_nothing(tmp_path: Path) -> None:
    disk = {"directory": "no-such", "up_to": "1 MB"}
    expect = {**EXPECT, "detected": {"within": "1s", "by": ["a-greets"]}}
    drills = settings(tmp_path, full={"fill-disk": disk, "expect": expect})
    async with scene(one_service(tmp_path), tmp_path / "data", drills) as found:
        await wait_until_up(found)
        result = await found.result("full")
        told = found.ledger("drill.began", "drill.undone")
    (missed,) = result["evidence"]["missed"]
    assert missed.startswith("prepare: cannot look at ")
    assert told == []


async def test_a_drill_that_is_cancelled_undoes_its_fault_first(tmp_path: Path) -> None:
    hurt = tmp_path / "hurt"
    command = {"inject": ["touch", str(hurt)], "undo": ["rm", "-f", str(hurt)]}
    expect = {**EXPECT, "detected": {"within": "30s", "by": ["a-greets"]}}
    drills = settings(tmp_path, long={"command": command, "lasts": "1m", "expect": expect})
    async with scene(one_service(tmp_path), tmp_path / "data", drills) as found:
        await wait_until_up(found)
        run = await found.drills.request("long", "ada", "to see")
        await eventually(hurt.exists)
        await found.engine.cancel(run, Cancellation("bob", "not now"))
        info = await found.engine.wait(run, 10)
        (failed,) = found.ledger("drill.failed")
    assert info.state is RunState.CANCELLED
    assert not hurt.exists()
    assert failed["body"]["missed"] == ["cancelled by bob: not now"]


async def test_an_undoing_that_fails_is_told_and_tried_again(tmp_path: Path) -> None:
    hurt, stuck = tmp_path / "hurt", tmp_path / "stuck"
    stuck.touch()
    undo = ["sh", "-c", f"test ! -e {stuck} && rm -f {hurt}"]
    command = {"inject": ["touch", str(hurt)], "undo": undo}
    expect = {**EXPECT, "detected": {"within": "100ms", "by": ["a-greets"]}}
    drills = settings(tmp_path, stuck={"command": command, "lasts": "100ms", "expect": expect})
    async with scene(one_service(tmp_path), tmp_path / "data", drills) as found:
        await wait_until_up(found)
        result = await found.result("stuck")
        assert hurt.exists()
        stuck.unlink()
        await eventually(lambda: not hurt.exists(), within=20)
        await eventually(lambda: found.ledger("drill.undone"), within=20)
    assert result["evidence"]["missed"][0].startswith("NOT UNDONE, and tried again until it is: ")
