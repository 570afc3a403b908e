"""`fill-disk`: a file takes the room in a directory, up to a limit."""

import asyncio
import os
from pathlib import Path

from pydantic import Field

from opsbook.book.fields import BookPath, Size
from opsbook.drills.fault import Fault, FaultError, Place, Prepared

_AT_ONCE = 64 * 1024 * 1024
"""Bytes reserved in one call: between two it can be stopped, and sees what others took."""


class FillDisk(Fault):
    """A file of a given size in a directory, so that little room is left there."""

    directory: BookPath
    """Where the file is made."""
    up_to: Size = Field(gt=0)
    """Its size: no more than this is ever taken."""
    leave_free: Size = Field(default=1_000_000_000, ge=0)
    """So much stays free on that file system, whatever `up_to` says."""

    @property
    def subject(self) -> str:
        return f"fill {self.directory}"

    async def prepare(self, place: Place) -> Prepared:
        free = await asyncio.to_thread(_free, self.directory)
        if free <= self.leave_free:
            raise FaultError(
                f"{self.directory} has {free} bytes left and {self.leave_free} must stay free; "
                "nothing was filled"
            )
        return {
            "file": str(self.directory.absolute() / f".opsbook-drill-{place.run}"),
            "up_to": self.up_to,
            "leave_free": self.leave_free,
        }

    @classmethod
    async def begin(cls, prepared: Prepared) -> None:
        file = Path(prepared["file"])
        size = 0
        while size < prepared["up_to"]:
            room = await asyncio.to_thread(_free, file.parent) - prepared["leave_free"]
            more = min(_AT_ONCE, prepared["up_to"] - size, room)
            if more <= 0:
                return
            await asyncio.to_thread(_reserve, file, size, more)
            size += more

    @classmethod
    async def end(cls, prepared: Prepared) -> None:
        try:
            await asyncio.to_thread(Path(prepared["file"]).unlink, missing_ok=True)
        except OSError as error:
            raise FaultError(f"cannot remove {prepared['file']}: {error.strerror}") from None


def _free(directory: Path) -> int:
    """Bytes that are left for us."""
    try:
        found = os.statvfs(directory)
    except OSError as error:
        raise FaultError(f"cannot look at {directory}: {error.strerror}") from None
    return found.f_bavail * found.f_frsize


def _reserve(file: Path, start: int, count: int) -> None:
    """Blocks of its own, not a hole (posix_fallocate(3)). What is there already stays."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(descriptor, start, count)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FaultError(f"cannot fill {file}: {error.strerror}") from None
