"""The end of a process that may be a stranger, as an event (pidfd_open(2))."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from opsbook.core.procfs import ProcessIdentity, identify


async def end_of(process: ProcessIdentity) -> None:
    """Wait until it has ended; at once if it has. Raises OSError if it cannot be watched."""
    with _opened(process) as descriptor:
        if descriptor is None:
            return
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)


def send(process: ProcessIdentity, number: signal.Signals) -> None:
    """Signal this very process and never a later one with its number; none if it is gone."""
    with _opened(process) as descriptor:
        if descriptor is not None:
            signal.pidfd_send_signal(descriptor, number)


@contextmanager
def _opened(process: ProcessIdentity) -> Iterator[int | None]:
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield descriptor if identify(process.pid) == process else None
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)
