"""Drills, wired: what they see, where they remember, and what an earlier life left behind."""

import logging
from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from opsbook.app.runs import DurableRuns
from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.drills.fault import FaultError
from opsbook.drills.service import Drills
from opsbook.drills.settings import DrillSettings
from opsbook.drills.under_way import FaultsUnderWay, end_left_behind
from opsbook.drills.view import PlatformView
from opsbook.probes.watch import Watch
from opsbook.runbooks.service import Runbooks
from opsbook.services.service import Services
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_FOLDER = "drills"


def make_drills(
    settings: Mapping[str, DrillSettings],
    production: Callable[[str | None], bool],
    data: DataDir,
    watch: Watch,
    services: Services,
    engine: Engine,
    ledger: Ledger,
    bus: Bus,
    clock: Clock,
) -> Drills:
    """`production` says whether a service is marked so, or for None whether anything is."""
    faults = FaultsUnderWay(data.path / _FOLDER, engine, ledger, clock)
    view = PlatformView(watch, services)
    return Drills(settings, production, faults, view, engine, ledger, bus, clock)


def carry_drills(drills: Drills, runs: DurableRuns, runbooks: Runbooks) -> None:
    """Their runs are carried like others, once what an earlier life hurt is undone."""
    drills.connect(runs.engine, runbooks)
    runs.carry(drills.functions)
    runs.beforehand(drills.start)


async def undo_without_drills(data: DataDir) -> None:
    """End what was left behind where the book has nothing to run any more."""
    try:
        await end_left_behind(data.path / _FOLDER)
    except FaultError as error:
        logger.error("a fault of an earlier drill is still under way: %s", error)


async def undo_what_was_left(data: DataDir) -> list[str]:
    """End the faults of an Opsbook that died; the runs that made them. None while one runs,
    which does so itself. Raises FaultError for one that cannot be ended."""
    return [] if data.in_use() else await end_left_behind(data.path / _FOLDER)
