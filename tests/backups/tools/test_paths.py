from pathlib import Path

from opsbook.backups.tools.paths import Paths
from opsbook.core.procfs import boot_id


def test_with_something_goes_what_a_restore_into_it_left_when_it_died(tmp_path: Path) -> None:
    new, half = tmp_path / "new", tmp_path / f".new.restoring-{boot_id()[:8]}-1-1-0a0b0c0d"
    for each in (new, half, tmp_path / "new-wal"):
        each.touch()
    Paths([tmp_path / "used"], lambda *_: None, ["-wal"]).discard(str(new))
    assert list(tmp_path.iterdir()) == []
