"""Databases, wired: where the figures of their reports are kept."""

from collections.abc import Mapping

from opsbook.core.clock import Clock
from opsbook.databases.recorder import FigureRecorder
from opsbook.databases.service import Databases
from opsbook.databases.settings import DatabaseSettings
from opsbook.metrics.store import Store
from opsbook.state.ledger import Ledger


def make_databases(
    settings: Mapping[str, DatabaseSettings], store: Store, ledger: Ledger, clock: Clock
) -> Databases:
    """The room, of which the store keeps the figures."""
    return Databases(settings, FigureRecorder(store), ledger, clock)
