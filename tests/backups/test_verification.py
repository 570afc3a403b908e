"""What is wrong with a backup is found, wherever it is, and called by its name."""

import random
import threading
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]
import pytest

from opsbook.backups.standing import SetState
from opsbook.backups.verification import Depth
from tests.backups.scene import ROWS, Scene, database, scene

ALL = list(Depth)
HALT = threading.Event()


def objects(directory: Path) -> list[Path]:
    return [each for each in sorted((directory / "a" / "orders").rglob("*")) if each.is_file()]


async def verified(found: Scene, depth: Depth) -> dict[str, Any]:
    run = await found.backups.verify("orders", depth, "ada", "to see")
    return await found.end(run)


def key(directory: Path) -> tuple[str, str]:
    """A public key, and where its private one is."""
    identity = pyrage.x25519.Identity.generate()
    file = directory / "key"
    file.write_text(f"{identity}\n")
    return str(identity.to_public()), f"file:{file}"


@pytest.mark.parametrize("depth", ALL)
async def test_a_good_backup_is_good_at_every_depth(tmp_path: Path, depth: Depth) -> None:
    async with scene(tmp_path) as found:
        await found.make()
        assert (await verified(found, depth))["state"] == "good"


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_flipped_bit_anywhere_in_any_file_is_found(tmp_path: Path, encrypted: bool) -> None:
    public, private = key(tmp_path)
    keys = {"recipients": [public], "identity": private} if encrypted else {}
    async with scene(tmp_path, **keys) as found:
        backup = (await found.make())["backup"]
        chance = random.Random(7)
        for file in objects(tmp_path):
            whole = file.read_bytes()
            edges = [0, 1, len(whole) // 2, len(whole) - 2, len(whole) - 1]
            for at in edges + [chance.randrange(len(whole)) for _ in range(60)]:
                wrong = bytearray(whole)
                wrong[at] ^= 1 << chance.randrange(8)
                file.write_bytes(wrong)
                verdict = found.vault.verify("orders", "a", backup, Depth.CHECK, HALT)
                assert verdict.ok is False, f"byte {at} of {file.name}"
                assert verdict.damaged, verdict
            file.write_bytes(whole)
        assert found.vault.verify("orders", "a", backup, Depth.CHECK, HALT).ok


@pytest.mark.parametrize("depth", ALL)
async def test_a_damaged_file_is_told_at_every_depth_and_turns_the_set_red(
    tmp_path: Path, depth: Depth
) -> None:
    async with scene(tmp_path, drill={"every": "7d"}) as found:
        await found.make()
        dump = next(each for each in objects(tmp_path) if each.name != "manifest.json")
        whole = bytearray(dump.read_bytes())
        whole[len(whole) // 2] ^= 4
        dump.write_bytes(whole)
        result = await verified(found, depth)
        assert result["state"] == "failed"
        assert result["verdict"]["damaged"]
        assert found.backups.standings()[0].state is SetState.FAILED


async def test_a_missing_file_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        backup = (await found.make())["backup"]
        next(each for each in objects(tmp_path) if each.name != "manifest.json").unlink()
        verdict = found.vault.verify("orders", "a", backup, Depth.CHECK, HALT)
        assert verdict.damaged
        assert "missing" in verdict.message


async def test_a_cut_off_file_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        backup = (await found.make())["backup"]
        dump = next(each for each in objects(tmp_path) if each.name != "manifest.json")
        dump.write_bytes(dump.read_bytes()[:-10])
        verdict = found.vault.verify("orders", "a", backup, Depth.OPEN, HALT)
        assert verdict.damaged


async def test_without_the_private_key_bytes_are_checked_and_the_rest_is_unknown(
    tmp_path: Path,
) -> None:
    public, _ = key(tmp_path)
    async with scene(tmp_path, recipients=[public]) as found:
        backup = (await found.make())["backup"]
        assert found.vault.verify("orders", "a", backup, Depth.CHECK, HALT).ok
        verdict = found.vault.verify("orders", "a", backup, Depth.OPEN, HALT)
        assert verdict.ok is None
        assert public in verdict.message


async def test_another_private_key_damages_nothing(tmp_path: Path) -> None:
    public, _ = key(tmp_path)
    (tmp_path / "other").mkdir()
    _, private = key(tmp_path / "other")
    async with scene(tmp_path, recipients=[public], identity=private) as found:
        backup = (await found.make())["backup"]
        verdict = found.vault.verify("orders", "a", backup, Depth.OPEN, HALT)
        assert verdict.ok is False
        assert not verdict.damaged
        assert "decrypt" in verdict.message


async def test_no_name_of_what_is_kept_is_readable_in_an_encrypted_file(tmp_path: Path) -> None:
    public, _ = key(tmp_path)
    async with scene(tmp_path, recipients=[public]) as found:
        await found.make()
        dump = next(each for each in objects(tmp_path) if each.name != "manifest.json")
        assert b"order" not in dump.read_bytes()


async def test_an_answer_that_is_not_expected_fails_the_drill(tmp_path: Path) -> None:
    wanted = [
        {"query": "SELECT count(*) FROM orders", "value": {"at_least": ROWS + 1}},
        {"query": "SELECT count(*) FROM nothing", "value": {"at_least": 0}},
    ]
    async with scene(tmp_path, drill={"every": "7d", "assertions": wanted}) as found:
        await found.make()
        result = await verified(found, Depth.RESTORE)
        evidence = result["verdict"]["evidence"]
        assert result["state"] == "failed"
        assert evidence["assertions"][0]["actual"] == ROWS
        assert "expected at least" in result["verdict"]["message"]
        assert "nothing" in result["verdict"]["message"]
        assert not result["verdict"]["damaged"]
        assert len(found.ledger("restore.failed")) == 1


async def test_a_restore_that_takes_longer_than_promised_fails(tmp_path: Path) -> None:
    database(tmp_path / "orders.db", 50_000)
    async with scene(tmp_path, drill={"every": "7d", "within": "5ms"}) as found:
        await found.make()
        result = await verified(found, Depth.RESTORE)
        assert result["state"] == "failed"
        assert "are promised" in result["verdict"]["message"]


async def test_nothing_is_left_of_a_rehearsal(tmp_path: Path) -> None:
    async with scene(tmp_path, drill={"every": "7d"}) as found:
        await found.make()
        await verified(found, Depth.RESTORE)
        assert list((tmp_path / "scratch").iterdir()) == []
