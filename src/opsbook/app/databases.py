"""Databases, wired: where the figures of their reports are kept, and who carries maintenance."""

import asyncio
from collections.abc import Mapping

from sqlalchemy import Engine

from opsbook.app.runs import DurableRuns
from opsbook.core.clock import Clock
from opsbook.databases.recorder import FigureRecorder
from opsbook.databases.service import Databases
from opsbook.databases.settings import DatabaseSettings
from opsbook.metrics.store import Store
from opsbook.state.ledger import Ledger


def make_databases(
    settings: Mapping[str, DatabaseSettings],
    store: Store,
    runs: DurableRuns | None,
    engine: Engine,
    ledger: Ledger,
    clock: Clock,
) -> Databases:
    """The room, of which the store keeps the figures and these runs carry the maintenance."""
    made = Databases(settings, FigureRecorder(store), engine, ledger, clock)
    if runs is not None:
        made.connect(runs.engine)
        runs.carry(made.functions)
        runs.beforehand(made.start)
        runs.at_first(made.recall)
    return made


async def keep_maintained(databases: Databases, runs: DurableRuns | None) -> None:
    """Until cancelled: what is due, once runs are carried."""
    if runs is None or not any(each.maintain for each in databases.settings.values()):
        await asyncio.Event().wait()
    else:
        await runs.opened.wait()
        await databases.keep()
