"""The end of a process as an event: pidfd, for children and strangers alike."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

from opsbook.core.procfs import ProcessIdentity, identify


async def process_end(process: ProcessIdentity) -> int | None:
    """Wait for the end of a process.

    Returns its exit code or the negative signal number if it is our child, else None.
    A pidfd becomes readable within half a millisecond of the end (pidfd_open(2)).
    """
    with _opened(process) as descriptor:
        if descriptor is None:
            return None
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        loop.add_reader(descriptor, _settle, ended)
        try:
            await ended
        finally:
            loop.remove_reader(descriptor)
        return _reap(descriptor)


def _settle(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


@contextmanager
def _opened(process: ProcessIdentity) -> Iterator[int | None]:
    """A pidfd that certainly is of this process and of no later one with its number."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        yield None
        return
    try:
        yield descriptor if identify(process.pid) == process else None
    finally:
        os.close(descriptor)


def _reap(descriptor: int) -> int | None:
    try:
        result = os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        return None
    if result is None:
        return None
    return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
