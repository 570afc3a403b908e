"""The end of a process as an event, for children and strangers alike (pidfd_open(2))."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from opsbook.core.procfs import ProcessIdentity, identify


async def end_of(process: ProcessIdentity) -> None:
    """Wait until it has ended; at once if it has. Raises OSError if it cannot be watched."""
    with opened(process) as descriptor:
        if descriptor is not None:
            await readable(descriptor)


def send(process: ProcessIdentity, number: signal.Signals) -> None:
    """Signal this very process and never a later one with its number; none if it is gone.

    Raises OSError if that is not allowed.
    """
    with opened(process) as descriptor:
        if descriptor is None:
            return
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return


@contextmanager
def opened(process: ProcessIdentity) -> Iterator[int | None]:
    """A pidfd that certainly is of this process and of no later one with its number.

    None for one that is gone. Raises OSError: too many open files, for one, says nothing of
    the process, which may well live.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield descriptor if identify(process.pid) == process else None
    finally:
        os.close(descriptor)


async def readable(descriptor: int) -> None:
    """Wait until it can be read: a pidfd within half a millisecond of the end."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    loop.add_reader(descriptor, told.set)
    try:
        await told.wait()
    finally:
        loop.remove_reader(descriptor)
