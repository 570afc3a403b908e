"""Whatever fails: what is listed as good is good, and no good backup is lost."""

import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest

from opsbook.backups.destination import Destination
from opsbook.backups.standing import SetState
from opsbook.backups.verification import Depth
from tests.backups.faulty import Faulty
from tests.backups.scene import Scene, database, place, scene
from tests.servers.disk import small_disk

HALT = threading.Event()
BOTH = ["a", "b"]


def two(directory: Path) -> dict[str, object]:
    return {
        "destinations": {name: place(directory / name) for name in BOTH},
        "to": BOTH,
    }


def replace(found: Scene, name: str, other: Destination) -> None:
    found.vault._destinations[name] = other


def all_good(found: Scene, destination: str = "a") -> list[str]:
    """Those that are listed as good; each of them is."""
    good = [each.id for each in found.copies(destination) if each.good]
    for backup in good:
        for depth in Depth:
            verdict = found.vault.verify("orders", destination, backup, depth, HALT)
            assert verdict.ok, verdict
    return good


async def test_every_destination_gets_a_whole_copy(tmp_path: Path) -> None:
    async with scene(tmp_path, **two(tmp_path)) as found:
        backup = (await found.make())["backup"]
        assert all_good(found, "a") == all_good(found, "b") == [backup]


@pytest.mark.parametrize("fail_at", range(14))
async def test_a_destination_that_fails_at_any_request_loses_nothing(
    tmp_path: Path, fail_at: int
) -> None:
    rules = {"last": 1, "at_least": 1}
    async with scene(tmp_path, retention=rules) as found:
        first = (await found.make())["backup"]
        real = found.vault._destinations["a"]
        faulty = Faulty(real, fail_at)
        replace(found, "a", faulty)
        second = await found.make()
        replace(found, "a", real)
        good = all_good(found)
        assert good, "the good one is lost"
        assert faulty.failed
        if second["state"] != "good" and second["backup"] not in good:
            assert good == [first]
        third = await found.make()
        assert third["state"] == "good"
        assert all_good(found) == [third["backup"]]
        assert [each.id for each in found.copies()] == [third["backup"]], "something is left over"


async def test_where_one_destination_fails_the_other_has_it_and_the_set_is_red(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, **two(tmp_path)) as found:
        replace(found, "b", Faulty(found.vault._destinations["b"], 6))
        result = await found.make()
        assert result["state"] == "failed"
        assert list(result["errors"]) == ["b"]
        assert all_good(found, "a") == [result["backup"]]
        standing = found.backups.standings()[0]
        assert standing.state is SetState.FAILED
        assert standing.why.startswith("b:")


async def test_a_source_that_cannot_be_read_makes_no_backup(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        good = (await found.make())["backup"]
        (tmp_path / "orders.db").write_bytes(b"not a database" * 1000)
        result = await found.make()
        assert result["state"] == "failed"
        assert "reading" in result["errors"]["a"]
        assert all_good(found) == [good]
        assert len(found.ledger("backup.failed")) == 1
        assert found.backups.standings()[0].state is SetState.FAILED


async def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    database(tmp_path / "orders.db", 100_000)
    with small_disk(tmp_path / "small", "1100k") as disk:
        section = {"small": place(disk / "backups")}
        async with scene(tmp_path, destinations=section, to=["small"]) as found:
            result = await found.make()
            assert result["state"] == "failed"
            assert found.copies("small") == []


async def test_a_backup_without_its_manifest_is_partial_and_never_good(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        backup = (await found.make())["backup"]
        (tmp_path / "a" / "orders" / backup / "manifest.json").unlink()
        assert [(each.partial, each.good) for each in found.copies()] == [(True, False)]
        await found.make()
        assert backup in [each.id for each in found.copies()], "it is not ours to remove"


async def test_backups_of_another_platform_are_left_alone(tmp_path: Path) -> None:
    async with scene(tmp_path, retention={"last": 1, "at_least": 1}) as found:
        kept = (await found.make())["backup"]
        found.vault._platform = "other"
        await found.make()
        await found.make()
        found.vault._platform = "shop"
        assert kept in [each.id for each in found.copies() if each.good]


async def test_nothing_is_pruned_before_the_newest_is_verified(tmp_path: Path) -> None:
    async with scene(tmp_path, retention={"last": 1, "at_least": 1}) as found:
        old = (await found.make())["backup"]
        new = found.vault.begin("orders")
        assert found.vault.make("orders", new, "daily", HALT)["good"] == ["a"]
        result = await found.end(await found.backups.prune("orders", "ada", "to see"))
        assert result["state"] == "failed"
        assert "was not verified" in result["pruned"]["a"]["error"]
        assert {each.id for each in found.copies()} == {old, new}


async def test_what_retention_lets_go_is_removed_and_told(tmp_path: Path) -> None:
    async with scene(tmp_path, retention={"last": 1, "at_least": 2}) as found:
        made = [(await found.make())["backup"] for _ in range(4)]
        assert all_good(found) == [made[3], made[2]]
        gone = [each["body"]["pruned"] for each in found.ledger("backup.pruned")]
        assert gone == [f"a/{made[0]}", f"a/{made[1]}"]


async def test_classes_are_kept_apart(tmp_path: Path) -> None:
    rules = {"retention": {"last": 1, "at_least": 1}, "classes": {"archive": {"for": "3w"}}}
    async with scene(tmp_path, **rules) as found:
        archived = (await found.make(retention="archive"))["backup"]
        await found.make()
        newest = (await found.make())["backup"]
        assert all_good(found) == [newest, archived]


async def test_two_backups_within_one_second_have_ids_of_their_own(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        assert found.vault.begin("orders") != found.vault.begin("orders")


async def test_a_backup_that_is_told_to_stop_stops(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        halt = threading.Event()
        halt.set()
        backup = found.vault.begin("orders")
        told = found.vault.make("orders", backup, "daily", halt)
        assert told["good"] == []
        assert found.copies() == []


async def test_programs_that_outlived_their_opsbook_are_ended_at_the_next_start(
    tmp_path: Path,
) -> None:
    left = tmp_path / "scratch" / "orders-left"
    left.mkdir(parents=True)
    with subprocess.Popen(["sleep", "600"], cwd=left) as orphan:
        async with scene(tmp_path):
            assert orphan.wait(timeout=10) < 0
    assert not left.exists()


async def test_rows_that_change_meanwhile_do_not_tear_it(tmp_path: Path) -> None:
    async with scene(tmp_path, drill={"every": "7d"}) as found:
        over = threading.Event()

        def write() -> None:
            with closing(sqlite3.connect(tmp_path / "orders.db", timeout=10)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                while not over.wait(0.001):
                    connection.execute("INSERT INTO orders (what) VALUES ('more')")
                    connection.commit()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            result = await found.make()
        finally:
            over.set()
            writer.join()
        assert result["state"] == "good", result
        assert all_good(found) == [result["backup"]]
