"""The end of a process as an event: pidfd, for children and strangers alike."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from opsbook.core.procfs import ProcessIdentity, identify
from opsbook.services.controller import ControllerError

_MOST_REMEMBERED = 256

_ended: dict[ProcessIdentity, int] = {}
"""How our latest children ended. The kernel tells only the first who asks, and a service is
watched and stopped at the same time."""


async def process_end(process: ProcessIdentity) -> int | None:
    """Wait for the end of a process.

    Returns its exit code or the negative signal number if it is our child, else None.
    A pidfd becomes readable within half a millisecond of the end (pidfd_open(2)).
    Raises ControllerError if the process cannot be watched.
    """
    with _opened(process) as descriptor:
        if descriptor is None:
            return _ended.get(process)
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        loop.add_reader(descriptor, _settle, ended)
        try:
            await ended
        finally:
            loop.remove_reader(descriptor)
        _reap(descriptor, process)
        return _ended.get(process)


def send_signal(process: ProcessIdentity, number: signal.Signals) -> None:
    """Signal this very process and never a later one with its number; none if it is gone.

    Raises ControllerError if that is not allowed.
    """
    with _opened(process) as descriptor:
        if descriptor is None:
            return
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return
        except OSError as error:
            refused = f"cannot send {number.name} to pid {process.pid}: {error.strerror}"
            raise ControllerError(refused) from None


def _settle(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


@contextmanager
def _opened(process: ProcessIdentity) -> Iterator[int | None]:
    """A pidfd that certainly is of this process and of no later one with its number."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        yield None
        return
    except OSError as error:
        # Too many open files, for one, says nothing of the process: it may well live.
        raise ControllerError(f"cannot watch pid {process.pid}: {error.strerror}") from None
    try:
        yield descriptor if identify(process.pid) == process else None
    finally:
        os.close(descriptor)


def _reap(descriptor: int, process: ProcessIdentity) -> None:
    try:
        result = os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        return
    if result is None:
        return
    exited = result.si_code == os.CLD_EXITED
    _ended[process] = result.si_status if exited else -result.si_status
    while len(_ended) > _MOST_REMEMBERED:
        del _ended[next(iter(_ended))]
