"""A command carried out within a time, with its last words kept."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from opsbook.core.procfs import ProcessIdentity
from opsbook.core.secrets import Secret
from opsbook.services.controller import ControllerError
from opsbook.services.output import Output
from opsbook.services.pidfd import process_end
from opsbook.services.spawn import spawn


async def execute(
    words: Sequence[str],
    directory: Path,
    environment: Mapping[str, str | Secret],
    output: Output | None,
    within: float,
) -> tuple[int | None, str]:
    """Exit code and last words of a command; no words where they go nowhere.

    Its output is a file and no pipe: what a start command leaves running writes to the
    same place, and a pipe that we close would kill it. A command that takes longer than
    `within` seconds, or that nobody waits for any more, is killed with its process group.
    Raises ControllerError if it takes too long or cannot be started.
    """
    descriptor = os.open(os.devnull, os.O_WRONLY) if output is None else output.open()
    try:
        before = os.fstat(descriptor).st_size
        # A thread cannot be stopped: what it starts must be known even if we are.
        starting = asyncio.ensure_future(
            asyncio.to_thread(spawn, words, directory, environment, descriptor)
        )
        try:
            async with asyncio.timeout(within):
                process = await asyncio.shield(starting)
                code = await process_end(process)
        except BaseException as error:
            await _kill(starting)
            if isinstance(error, TimeoutError):
                late = f"{words[0]} took longer than {within:g} s and was killed"
                raise ControllerError(late) from None
            raise
    finally:
        os.close(descriptor)
    return code, output.since(before) if output else ""


async def _kill(starting: asyncio.Future[ProcessIdentity]) -> None:
    with contextlib.suppress(ControllerError, TimeoutError):
        process = await starting
        with contextlib.suppress(OSError):
            # It leads its group and is not reaped yet, so the number can be nobody else's.
            os.killpg(process.pid, signal.SIGKILL)
        async with asyncio.timeout(1):
            await process_end(process)
