"""Saying who may do what, on the database itself: for whoever may write it, and recorded."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.cli.database import database_of
from opsbook.core.clock import SystemClock
from opsbook.core.errors import OpsbookError
from opsbook.state.access_entries import AccessEntries
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import Ledger
from opsbook.state.local_token import name_of_user

_TO_RECORD = 5.0
"""Seconds for the disk to take an entry."""


@contextmanager
def opened(data: DataDir, book: Path | None) -> Iterator[tuple[Engine, Ledger]]:
    """Raises OpsbookError where there is no database, or none that can be written."""
    try:
        engine = database_of(data, book)
        ledger = Ledger(engine, SystemClock())
        try:
            yield engine, ledger
        finally:
            ledger.close()
            engine.dispose()
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise OpsbookError(f"the database of {book or data.path}: {cause}; try again") from None


def recorded(ledger: Ledger, what: Callable[[AccessEntries], Awaitable[Any]], else_: str) -> None:
    """Wait until the entry is on the disk. Raises OpsbookError, which begins with `else_`: what
    has become of the change."""

    async def in_time() -> None:
        async with asyncio.timeout(_TO_RECORD):
            await what(AccessEntries(ledger, actor()))

    try:
        asyncio.run(in_time())
    except TimeoutError:
        why = f"the ledger took no entry within {_TO_RECORD:g} s ({ledger.trouble or 'it is busy'})"
        raise OpsbookError(f"{else_}: {why}") from None


def actor() -> str:
    """The user of the operating system; under sudo, also the one who became it."""
    name, before = name_of_user(os.geteuid()), os.environ.get("SUDO_USER", "")
    return name if before in ("", name) else f"{before} (through {name})"
