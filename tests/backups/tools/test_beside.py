from pathlib import Path

from opsbook.backups.tools.beside import beside, sweep_beside
from opsbook.core.procfs import boot_id

_DEAD = f"{boot_id()[:8]}-1-1-0a0b0c0d"


def test_what_a_living_restore_makes_is_left_alone(tmp_path: Path) -> None:
    new = beside(tmp_path / "orders.db")
    new.touch()
    assert sweep_beside(tmp_path / "orders.db") == ""
    assert new.exists()


def test_what_a_dead_one_left_is_removed_and_named(tmp_path: Path) -> None:
    left = tmp_path / f".shop.restoring-{_DEAD}"
    (left / "sub").mkdir(parents=True)
    (left / "sub" / "file").touch()
    (left / "sub").chmod(0o500)
    listing = tmp_path / f".shop.restoring-{_DEAD}.jsonl"
    listing.touch()
    told = sweep_beside(tmp_path / "shop")
    assert str(left) in told
    assert str(listing) in told
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_a_reboot_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".shop.restoring-00000000-1-1-0a0b0c0d").touch()
    assert "removed" in sweep_beside(tmp_path / "shop")


def test_what_belongs_to_another_target_is_left_alone(tmp_path: Path) -> None:
    others = [f".shopping.restoring-{_DEAD}", f"shop.restoring-{_DEAD}", ".shop.restoring-mine"]
    for name in others:
        (tmp_path / name).touch()
    assert sweep_beside(tmp_path / "shop") == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_a_target_whose_directory_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert sweep_beside(tmp_path / "nowhere" / "shop") == ""
