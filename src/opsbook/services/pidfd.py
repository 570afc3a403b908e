"""The end of a service's process, with how it ended where it was our child."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from opsbook.core.pidfd import opened, readable, send
from opsbook.core.procfs import ProcessIdentity
from opsbook.services.controller import ControllerError

_MOST_REMEMBERED = 256

_ended: dict[ProcessIdentity, int] = {}
"""How our latest children ended. The kernel tells only the first who asks, and a service is
watched and stopped at the same time."""


async def process_end(process: ProcessIdentity) -> int | None:
    """Wait for the end of a process.

    Returns its exit code or the negative signal number if it is our child, else None.
    Raises ControllerError if the process cannot be watched.
    """
    with _told(f"cannot watch pid {process.pid}"), opened(process) as descriptor:
        if descriptor is not None:
            await readable(descriptor)
            _reap(descriptor, process)
        return _ended.get(process)


def send_signal(process: ProcessIdentity, number: signal.Signals) -> None:
    """Signal this very process and never a later one with its number; none if it is gone.

    Raises ControllerError if that is not allowed.
    """
    with _told(f"cannot send {number.name} to pid {process.pid}"):
        send(process, number)


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ControllerError(f"{what}: {error.strerror}") from None


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
