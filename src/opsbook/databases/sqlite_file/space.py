"""The space that a VACUUM needs, looked at before it begins."""

import os
import shutil
from pathlib import Path

from opsbook.core.units import format_size


def temporary_directory() -> Path:
    """Where SQLite keeps its temporary files (its documentation, "Temporary Files", 5)."""
    named = [os.environ.get(name) for name in ("SQLITE_TMPDIR", "TMPDIR")]
    for each in (*named, "/var/tmp", "/usr/tmp", "/tmp"):  # noqa: S108 - SQLite's own list
        if each and Path(each).is_dir() and os.access(each, os.W_OK | os.X_OK):
            return Path(each)
    return Path()


def too_little(path: Path, size: int) -> str:
    """What is missing for a VACUUM, or nothing.

    It writes a copy among the temporary files, and then that copy's pages into the file, for
    which the journal beside it takes up to the size of the file again.
    """
    beside, temporary = path.absolute().parent, temporary_directory()
    same = beside.stat().st_dev == temporary.stat().st_dev
    wanted = {beside: 2 * size} if same else {beside: size, temporary: size}
    for place, needed in wanted.items():
        free = shutil.disk_usage(place).free
        if free < needed:
            return (
                f"{path}: VACUUM needs {format_size(needed)} free at {place}, "
                f"and there are {format_size(free)}"
            )
    return ""
