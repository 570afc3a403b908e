"""A backup that lacks at a destination gets there without another dump."""

import threading
from pathlib import Path

import pytest

from opsbook.backups.standing import SetState
from opsbook.backups.verification import Depth
from tests.backups.faulty import Faulty
from tests.backups.scene import Scene, place, scene

HALT = threading.Event()
TWO = ["a", "b"]


def two(directory: Path) -> dict[str, object]:
    return {"destinations": {name: place(directory / name) for name in TWO}, "to": TWO}


async def made_without_b(found: Scene) -> str:
    """A backup that b refused."""
    real = found.vault._destinations["b"]
    found.vault._destinations["b"] = Faulty(real, 6)
    result = await found.make()
    found.vault._destinations["b"] = real
    assert (result["good"], list(result["errors"])) == (["a"], ["b"])
    return str(result["backup"])


async def sent(found: Scene, backup: str) -> dict[str, object]:
    return await found.end(await found.backups.send("orders", backup, "b", "ada", "to see"))


async def test_it_is_sent_checked_and_told(tmp_path: Path) -> None:
    async with scene(tmp_path, **two(tmp_path)) as found:
        backup = await made_without_b(found)
        (tmp_path / "orders.db").unlink()
        result = await sent(found, backup)
        assert result["state"] == "good", result
        assert found.backups.standings()[0].state is SetState.GOOD
        for depth in Depth:
            assert found.vault.verify("orders", "b", backup, depth, HALT).ok
        assert [each["body"]["destinations"] for each in found.ledger("backup.sent")] == [["b"]]


async def test_it_is_sent_by_itself_when_the_next_try_is_due(tmp_path: Path) -> None:
    async with scene(tmp_path, every="1d", **two(tmp_path)) as found:
        backup = await made_without_b(found)
        found.clock.advance(4 * 3600.0)
        await found.backups.turn()
        (run,) = await found.engine.find(prefix="backup.orders.send")
        assert (await found.end(run.id))["state"] == "good"
        assert [each.id for each in found.copies("b")] == [backup]
        assert [each.id for each in found.copies("a")] == [backup]


async def test_another_is_made_where_it_is_time_for_one(tmp_path: Path) -> None:
    async with scene(tmp_path, every="1d", **two(tmp_path)) as found:
        backup = await made_without_b(found)
        found.clock.advance(25 * 3600.0)
        await found.backups.turn()
        (run,) = await found.engine.find(prefix="backup.orders.due")
        assert (await found.end(run.id))["backup"] != backup


@pytest.mark.parametrize("fail_at", range(5))
async def test_a_destination_that_fails_at_any_request_has_no_partial_copy(
    tmp_path: Path, fail_at: int
) -> None:
    async with scene(tmp_path, **two(tmp_path)) as found:
        backup = await made_without_b(found)
        real = found.vault._destinations["b"]
        found.vault._destinations["b"] = faulty = Faulty(real, fail_at)
        failed = await sent(found, backup)
        found.vault._destinations["b"] = real
        assert faulty.failed
        assert failed["state"] == "failed"
        assert [each.id for each in found.copies("b") if each.good] == []
        assert (await sent(found, backup))["state"] == "good"
        assert found.vault.verify("orders", "b", backup, Depth.CHECK, HALT).ok


async def test_a_file_that_is_there_whole_is_not_sent_again(tmp_path: Path) -> None:
    async with scene(tmp_path, **two(tmp_path)) as found:
        backup = (await found.make())["backup"]
        (tmp_path / "b/orders" / backup / "manifest.json").unlink()
        (file,) = (tmp_path / "b/orders" / backup).iterdir()
        before = file.stat().st_ino
        assert (await sent(found, backup))["state"] == "good"
        assert file.stat().st_ino == before


async def test_a_file_that_is_there_with_other_bytes_is_sent_again(tmp_path: Path) -> None:
    async with scene(tmp_path, **two(tmp_path)) as found:
        backup = (await found.make())["backup"]
        (tmp_path / "b/orders" / backup / "manifest.json").unlink()
        (file,) = (tmp_path / "b/orders" / backup).iterdir()
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        assert (await sent(found, backup))["state"] == "good"
        assert found.vault.verify("orders", "b", backup, Depth.CHECK, HALT).ok


async def test_a_damaged_one_is_not_sent(tmp_path: Path) -> None:
    async with scene(tmp_path, **two(tmp_path)) as found:
        backup = await made_without_b(found)
        (file,) = (tmp_path / "a/orders" / backup).glob("*.zst")
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        result = await sent(found, backup)
        assert result["state"] == "failed"
        assert "SHA-256 differs" in str(result["errors"])
        assert found.copies("b") == []


async def test_what_nobody_has_changes_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, **two(tmp_path)) as found:
        await found.make()
        result = await sent(found, "20260101-000000")
        assert "it is not there" in str(result["errors"])
        assert found.backups.standings()[0].state is SetState.GOOD
