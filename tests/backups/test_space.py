"""Room is looked for before anything is read."""

from pathlib import Path

import pytest

from opsbook.backups.source import Source, source_kinds
from opsbook.backups.space import lacking
from opsbook.backups.store import MADE, Row
from tests.backups.faulty import Faulty
from tests.backups.scene import database, place, scene, settings
from tests.servers.disk import small_disk

MB = 2**20


class Roomy(Faulty):
    """A destination with so much room."""

    def __init__(self, directory: Path, free: int | None) -> None:
        behind = settings(directory).destinations["a"].destination
        behind.bind("shop")
        super().__init__(behind, 10**6)
        self._free = free

    def free_bytes(self) -> int | None:
        return self._free


@pytest.fixture
def source(tmp_path: Path) -> Source:
    made: Source = source_kinds.load("sqlite").model_validate({"path": tmp_path / "orders.db"})
    return made


def made(stored: int, estimated: int | None) -> Row:
    evidence = {"stored_bytes": stored, "estimated_bytes": estimated}
    return Row("orders", "a", "1", MADE, 1.0, True, evidence=evidence)


@pytest.mark.parametrize(
    ("estimate", "rows", "free", "fits"),
    [
        (100 * MB, [], 11 * MB, True),
        (100 * MB, [], 9 * MB, False),
        (100 * MB, [made(50 * MB, 100 * MB)], 56 * MB, True),
        (100 * MB, [made(50 * MB, 100 * MB)], 54 * MB, False),
        (200 * MB, [made(50 * MB, 100 * MB)], 109 * MB, False),
        (None, [made(50 * MB, None)], 54 * MB, False),
        (None, [], 0, True),
        (100 * MB, [], None, True),
    ],
)
def test_what_is_needed_is_told_by_the_last_one(
    tmp_path: Path,
    source: Source,
    estimate: int | None,
    rows: list[Row],
    free: int | None,
    fits: bool,
) -> None:
    found = lacking(source, estimate, {"a": Roomy(tmp_path, free)}, rows, tmp_path)
    assert list(found) == ([] if fits else ["a"])


async def test_a_backup_that_does_not_fit_is_refused_with_numbers(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        found.vault._destinations["a"] = Roomy(tmp_path, 1000)
        result = await found.make()
        assert result["state"] == "failed"
        assert "no room for it" in result["errors"]["a"]
        assert "are needed, 1" in result["errors"]["a"]
        assert found.copies() == []


async def test_where_one_has_no_room_the_other_gets_it(tmp_path: Path) -> None:
    two = {name: place(tmp_path / name) for name in ("a", "b")}
    async with scene(tmp_path, destinations=two, to=["a", "b"]) as found:
        found.vault._destinations["a"] = Roomy(tmp_path, 1000)
        result = await found.make()
        assert (result["good"], list(result["errors"])) == (["b"], ["a"])


async def test_a_scratch_directory_that_is_too_small_is_told_before(tmp_path: Path) -> None:
    database(tmp_path / "orders.db", 100_000)
    with small_disk(tmp_path / "small", "1100k") as disk:
        async with scene(tmp_path) as found:
            found.vault._scratch = disk / "scratch"
            result = await found.make()
            assert "no room for it in" in result["errors"]["a"]
            assert "MB are needed" in result["errors"]["a"] or "MiB" in result["errors"]["a"]


async def test_what_is_kept_free_is_no_room_for_backups(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        await found.make()
        local = found.vault._destinations["a"]
        before = local.free_bytes()
        assert before is not None
        object.__setattr__(local, "minimum_free", before * 2)
        assert local.free_bytes() == 0
