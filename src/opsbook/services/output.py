"""The file that keeps a service's output: private, appended to, and bounded."""

import asyncio
import logging
import os
import threading
from pathlib import Path
from typing import BinaryIO

from opsbook.services.controller import ControllerError

logger = logging.getLogger(__name__)

_LOOK_EVERY = 1.0
_LOOK_AGAIN_AFTER_FAILURE = 60.0
_MOST_WORDS = 2_000
_MOST_GENERATIONS = 100
_BLOCK = 1024 * 1024
_LONGEST_LINE = 4_000


class Output:
    """A log file that programs write to by themselves, also while Opsbook does not run."""

    def __init__(self, path: Path, largest: int = 16 * _BLOCK, generations: int = 3) -> None:
        """`largest` in bytes; beyond it the file is set aside as `path.1` and older."""
        self.path = path
        self._largest = largest
        self._generations = generations
        self._rotating = threading.Lock()

    def open(self) -> int:
        """A descriptor for a program to append to. Raises ControllerError."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            descriptor = os.open(self.path, flags, mode=0o600)
        except OSError as error:
            raise ControllerError(f"cannot write to {self.path}: {error.strerror}") from None
        os.fchmod(descriptor, 0o600)
        return descriptor

    def since(self, position: int) -> str:
        """The last words that were written after a position; at most 2,000 bytes."""
        try:
            with self.path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(min(position, end), end - _MOST_WORDS))
                return file.read(_MOST_WORDS).decode("utf-8", errors="replace").strip()
        except OSError:
            return ""

    async def keep_small(self) -> None:
        """Set the file aside whenever it has grown too large, until cancelled."""
        while True:
            pause = _LOOK_EVERY
            try:
                if self.path.stat().st_size > self._largest:
                    await asyncio.to_thread(self.rotate)
            except FileNotFoundError:
                pass
            except OSError as error:
                logger.warning("cannot set %s aside: %s", self.path, error.strerror)
                pause = _LOOK_AGAIN_AFTER_FAILURE
            await asyncio.sleep(pause)

    def rotate(self) -> None:
        """Copy the file aside and empty it: the programs keep it open, so it cannot be moved.

        What is written between the last read, which found nothing, and the truncation is
        lost. Raises OSError, and then nothing is.
        """
        # A watch that was cancelled leaves its thread at work, and its successor starts.
        if not self._rotating.acquire(blocking=False):
            return
        fresh = self._generation(0)
        try:
            with self.path.open("rb") as source, open(fresh, "wb", opener=_private) as target:
                most = source.seek(0, os.SEEK_END) + self._largest
                source.seek(0)
                _copy(source, target, most)
                self._make_room()
                _copy(source, target, most)
                lost = os.fstat(source.fileno()).st_size - source.tell()
                os.truncate(self.path, 0)
                if lost > 0:
                    words = f"\n[{lost} bytes came faster than they could be kept]\n"
                    target.write(words.encode())
            fresh.replace(self._generation(1))
        finally:
            fresh.unlink(missing_ok=True)
            self._rotating.release()

    def _make_room(self) -> None:
        for number in range(_MOST_GENERATIONS, 0, -1):
            old = self._generation(number)
            if number >= self._generations:
                old.unlink(missing_ok=True)
            elif old.exists():
                old.replace(self._generation(number + 1))

    def _generation(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _copy(source: BinaryIO, target: BinaryIO, most: int) -> None:
    """Copy to the end, but no further than `most`: a program may write faster than this."""
    while source.tell() < most and (block := source.read(_BLOCK)):
        target.write(block)
        target.flush()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def last_lines(path: Path, most: int) -> tuple[list[str], bool]:
    """The last lines of a file, and whether there was more than them. Raises OSError.

    At most 1 MiB is read, and each line is cut after 4,000 signs.
    """
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        begin = file.seek(max(0, end - _BLOCK))
        lines = file.read(_BLOCK).decode("utf-8", errors="replace").splitlines()
    if begin:
        lines = lines[1:]  # its beginning was not read
    cut = any(len(line) > _LONGEST_LINE for line in lines[-most:])
    more = begin > 0 or len(lines) > most or cut
    return [line[:_LONGEST_LINE] for line in lines[-most:]], more
