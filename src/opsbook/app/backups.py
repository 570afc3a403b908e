"""Backups, wired: where they remember, who carries their runs, and what an earlier life left."""

import asyncio
import getpass
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from opsbook.app.book import Book
from opsbook.app.runs import DurableRuns
from opsbook.app.state import State
from opsbook.backups.service import Backups
from opsbook.backups.settings import BackupSettings
from opsbook.backups.vault import Vault
from opsbook.core.clock import Clock, SystemClock
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import Ledger

_FOLDER = "backups"


def make_backups(
    settings: BackupSettings | None,
    platform: str,
    runs: DurableRuns | None,
    data: DataDir,
    engine: Engine,
    ledger: Ledger,
    clock: Clock,
) -> Backups:
    """The room, carried by these runs; without sets where the book has none."""
    vault = Vault(platform, settings or BackupSettings(), engine, data.path / _FOLDER, clock)
    made = Backups(vault, engine, ledger, clock)
    if runs is not None:
        made.connect(runs.engine)
        runs.carry(made.functions)
        runs.beforehand(made.start)
    return made


async def keep_backups(backups: Backups, runs: DurableRuns | None) -> None:
    """Until cancelled: what is due, once runs are carried."""
    if runs is None or not backups.vault.settings.sets:
        await asyncio.Event().wait()
    else:
        await runs.opened.wait()
        await backups.run()


async def record_restore(book: Book, data: DataDir, set_name: str, body: Mapping[str, Any]) -> None:
    """Write down what was restored while no Opsbook runs on the data directory.

    Raises BadInputError where one does, or where the database cannot be reached.
    """
    data.open(book.platform.name)
    try:
        state = State(book.state, data.database, book.platform.name)
        try:
            ledger = Ledger(state.engine, SystemClock())
            ledger.record("restore.made", set_name, actor=getpass.getuser(), **body)
            await ledger.flush(within=5)
            ledger.close()
        finally:
            state.close()
    finally:
        data.close()
