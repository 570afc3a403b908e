"""What a restore makes beside its target, to be renamed when it is whole: hidden, and by its name
found again after a death."""

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opsbook.backups.source import SourceError
from opsbook.backups.tools.maker import WHOSE, is_dead, whose

_MARK = "restoring"


def beside(target: Path) -> Path:
    """A name that nothing has."""
    return target.with_name(f".{target.name}.{_MARK}-{whose()}-{secrets.token_hex(4)}")


def sweep_beside(target: Path) -> str:
    """Remove what restores into this target left behind when they died; what it was, for people.

    Raises SourceError.
    """
    name = re.compile(rf"\.{re.escape(target.name)}\.{_MARK}-{WHOSE}-[0-9a-f]{{8}}\b.*")
    swept = []
    for path in sorted(target.parent.iterdir()) if target.parent.is_dir() else ():
        found = name.fullmatch(path.name)
        if found is None or not is_dead(found):
            continue
        with contextlib.suppress(FileNotFoundError):
            # In a directory that all may write to, anybody can make one of such a name.
            if path.lstat().st_uid == os.geteuid():
                _swept(path)
                swept.append(str(path))
    return f"; removed {', '.join(swept)}, left by a restore that died" if swept else ""


def remove_tree(place: Path) -> None:
    """Also directories that nobody may write to: they come back as they were."""
    if place.exists():
        shutil.rmtree(place, onerror=_insist)


def _swept(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            remove_tree(path)
        else:
            path.unlink()
    except OSError as error:
        raise SourceError(
            f"cannot remove {path}, left by a restore that died: {error.strerror}"
        ) from None


def _insist(call: Callable[..., Any], path: str, _: Any) -> None:
    Path(path).parent.chmod(0o700)
    Path(path).chmod(0o700)
    call(path)
