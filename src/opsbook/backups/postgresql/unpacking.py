"""The dump of a backup as pg_restore wants it: on the disk, where several tables can be found at
once."""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from opsbook.backups.postgresql.folder import gather, is_folder
from opsbook.backups.source import Work
from opsbook.backups.tools.flow import go_on, spool
from opsbook.backups.tools.sameness import content_of

DUMP = "database.dump"
"""Of the part that is a dump in custom format."""
_LOOK_SECONDS = 0.1


@contextmanager
def unpacked(
    files: Mapping[str, Callable[[], BinaryIO]], work: Work, subject: str
) -> Iterator[Callable[[], Path]]:
    """Unpack beside whatever the block does, which asks for the dump when it needs it: asking
    waits, and raises SourceError or what a damaged backup raises. With the block it is gone."""
    path, alongside = work.scratch / "restored", replace(work, stopping=threading.Event())

    def unpack() -> None:
        if is_folder(files):
            gather(files, path, alongside, subject)
        else:
            spool(content_of(files, DUMP, subject), path, alongside, subject)

    with ThreadPoolExecutor(1, "unpack") as executor:
        unpacking = executor.submit(unpack)

        def dump() -> Path:
            while not wait([unpacking], _LOOK_SECONDS).done:
                go_on(work, subject)
            unpacking.result()
            return path

        try:
            yield dump
        finally:
            alongside.stopping.set()
            wait([unpacking])
            _remove(path)


def _remove(dump: Path) -> None:
    """A file, a directory, or nothing yet."""
    if dump.is_dir():
        shutil.rmtree(dump)
    else:
        dump.unlink(missing_ok=True)
