"""A snapshot that the server itself writes into a file, which lies on this machine.

https://redis.io/docs/latest/commands/bgsave/. The server writes beside its old snapshot and renames
the new one over it when it is whole: an opened file stays the one that it was.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from opsbook.backups.rdb.client import Client
from opsbook.backups.source import SourceError, Work
from opsbook.backups.tools.flow import go_on

_LOOK_SECONDS = 0.05


@contextmanager
def saved(asked: Client, given: Path | None, work: Work, subject: str) -> Iterator[BinaryIO]:
    """The file of a snapshot begun after this was called. Raises SourceError, also where the work
    ends before the server is done."""
    place = given or _told(asked, subject)
    _wait(lambda: not _saving(asked), work, subject)
    before = int(asked.ask("LASTSAVE"))
    # The server tells whole seconds: a second save within one would look like the first.
    _wait(lambda: time.time() >= before + 1, work, subject)
    asked.ask("BGSAVE", "SCHEDULE")
    _wait(lambda: _saved_since(asked, before, subject), work, subject)
    try:
        file = place.open("rb")
    except OSError as error:
        raise SourceError(
            f"{subject}: cannot read its snapshot {place}: {error.strerror}; let the user that "
            "runs Opsbook read it, name its path here with `file`, or say `how: replica`"
        ) from None
    with file:
        # Whole seconds on one side, and another clock's ticks on the other.
        if os.fstat(file.fileno()).st_mtime < before:
            raise SourceError(
                f"{subject}: {place} is older than the snapshot that the server has just written: "
                "it is not this server's; name the right one with `file`"
            )
        yield file


def _told(asked: Client, subject: str) -> Path:
    """Where the server says that it writes it."""
    told = {name: asked.ask("CONFIG", "GET", name) for name in ("dir", "dbfilename")}
    if not all(len(answer) == 2 for answer in told.values()):
        raise SourceError(f"{subject}: does not say where its snapshot is; name it with `file`")
    folder, name = (os.fsdecode(answer[1]) for answer in told.values())
    return Path(folder) / name


def _saving(asked: Client) -> bool:
    return asked.info("persistence")["rdb_bgsave_in_progress"] != "0"


def _saved_since(asked: Client, before: int, subject: str) -> bool:
    """Raises SourceError where the server has given it up."""
    about = asked.info("persistence")
    if about["rdb_bgsave_in_progress"] != "0":
        return False
    if about["rdb_last_bgsave_status"] != "ok":
        raise SourceError(f"{subject}: BGSAVE failed; the server's log says why (disk, memory?)")
    return int(asked.ask("LASTSAVE")) > before


def _wait(holds: Callable[[], bool], work: Work, subject: str) -> None:
    while not holds():
        go_on(work, subject)
        time.sleep(_LOOK_SECONDS)
