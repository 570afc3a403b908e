"""Figures of reports → samples, under the name that `/metrics` shows."""

import logging

from opsbook.core.labels import NAME, labels_of
from opsbook.databases.model import Report
from opsbook.metrics.model import STALE
from opsbook.metrics.store import Store, StoreError, TooManySeriesError

logger = logging.getLogger(__name__)

FIGURE = "opsbook_database_figure"


class FigureRecorder:
    """Keeps what is known; a figure that is not known any more ends."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._shown: dict[str, frozenset[str]] = {}

    def keep(self, database: str, at: float, report: Report | None) -> None:
        """Blocks; `at` is in seconds since 1970."""
        values = numbers(report)
        ended = self._shown.get(database, frozenset()) - values.keys()
        samples = values | dict.fromkeys(ended, float(STALE))
        self._shown[database] = frozenset(values)
        if not samples:
            return
        own = {NAME: FIGURE, "database": database}
        rows = {labels_of({**own, "figure": name}): value for name, value in samples.items()}
        try:
            self._store.append(f"database/{database}", int(at * 1000), rows)
        except (StoreError, TooManySeriesError) as error:
            logger.warning("figures of database %s are lost: %s", database, error)


def numbers(report: Report | None) -> dict[str, float]:
    """The figures that are known and are numbers."""
    figures = report.figures.values() if report else ()
    return {each.name: float(each.value) for each in figures if isinstance(each.value, int | float)}
