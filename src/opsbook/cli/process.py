"""How a long-running command runs: one event loop, ended in order by a signal."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from opsbook.core.secrets import mask


def run_until_signal(
    work: Coroutine[Any, Any, None],
    reload: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Run until it ends, or until SIGINT or SIGTERM cancels it and it has cleaned up. SIGHUP
    calls `reload`; without one it ends the process, as it does by default."""
    configure_logging()
    uvloop.run(_until_signal(work, reload))


def configure_logging() -> None:
    """Warnings and errors on standard error, with secrets masked."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Masked("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


async def _until_signal(
    work: Coroutine[Any, Any, None], reload: Callable[[], Coroutine[Any, Any, None]] | None
) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    asked = False

    def end() -> None:
        nonlocal asked
        asked = True
        task.cancel()

    reloads: set[asyncio.Task[None]] = set()

    def again() -> None:
        assert reload is not None
        reloads.add(asyncio.ensure_future(reload()))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    if reload is not None:
        loop.add_signal_handler(signal.SIGHUP, again)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise
    finally:
        await asyncio.gather(*reloads, return_exceptions=True)


class _Masked(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))
