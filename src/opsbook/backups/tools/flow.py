"""Content in blocks, from one place to another, for as long as the work may go on."""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from opsbook.backups.source import SourceError, Work

BLOCK = 1024 * 1024
"""Bytes of a block."""


def go_on(work: Work, subject: str) -> None:
    """Raises SourceError once the work was stopped or its time is up."""
    if work.stopping.is_set():
        raise SourceError(f"{subject}: stopped before it was done")
    if time.monotonic() >= work.deadline:
        raise SourceError(f"{subject}: not done within its time; give it more, or find what waits")


def seconds_left(work: Work) -> float:
    return max(0.0, work.deadline - time.monotonic())


def blocks(content: BinaryIO, work: Work, subject: str) -> Iterator[bytes]:
    """A stream to its end. Raises SourceError where the work ends before it."""
    while block := content.read(BLOCK):
        go_on(work, subject)
        yield block


def spool(
    content: BinaryIO, path: Path, work: Work, subject: str, *, lasting: bool = False
) -> None:
    """Write a stream to a new file that only this user may read.

    `lasting`: what is to outlive a loss of power, unlike what is in a scratch directory.
    Raises SourceError; a file that was begun is removed.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SourceError(f"{subject}: cannot make {path}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for block in blocks(content, work, subject):
                _write_all(file.fileno(), block)
            if lasting:
                os.fsync(file.fileno())
    except OSError as error:
        path.unlink()
        raise SourceError(f"{subject}: cannot write {path}: {error.strerror or error}") from None
    except BaseException:
        path.unlink()
        raise


def file_blocks(path: Path, work: Work, subject: str) -> Iterator[bytes]:
    """A file of our own in blocks, with progress. Raises SourceError."""
    try:
        with path.open("rb", buffering=0) as file:
            total, done = os.fstat(file.fileno()).st_size, 0
            for block in blocks(file, work, subject):
                done += len(block)
                work.progress(f"reading {path.name}", done, total)
                yield block
    except OSError as error:
        raise SourceError(f"{subject}: cannot read {path}: {error.strerror}") from None


def _write_all(descriptor: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(descriptor, view) :]


def brief_work(seconds: float) -> Work:
    """Work that nobody stops and that only its deadline ends: a sweep, for one."""
    deadline = time.monotonic() + seconds
    return Work(Path(tempfile.gettempdir()), threading.Event(), deadline, lambda *_: None)
