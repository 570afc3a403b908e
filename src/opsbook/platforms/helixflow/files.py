"""Files that one program writes and another follows: it sees the old one or the new one."""

import os
from pathlib import Path


def replace(file: Path, content: str | bytes, mode: int = 0o600) -> None:
    """All or nothing; nobody sees it with wider permissions than `mode`."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content.encode() if isinstance(content, str) else content)
    fresh.chmod(mode)
    fresh.replace(file)


def stamp(file: Path) -> tuple[int, int] | None:
    """What changes whenever the file is replaced or written; None while there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
