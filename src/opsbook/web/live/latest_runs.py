"""The runs that pages list: those that have not ended, and the newest."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Engine, Row, select

from opsbook.durable.port import UnknownRunError
from opsbook.runbooks.model import RunView
from opsbook.runbooks.service import Runbooks
from opsbook.runbooks.store import runs
from opsbook.state.database import reading

_NEWEST = 20
_MOST_OPEN = 50

_Row = Row[tuple[str, str, float | None]]


class LatestRuns:
    """Asks only for those anew to which something may have happened."""

    def __init__(self, runbooks: Runbooks, engine: Engine, written: Callable[[], int]) -> None:
        """`written`: how many entries of the ledger are on disk. Each run writes one when it
        begins."""
        self._runbooks, self._engine, self._written = runbooks, engine, written
        self._known: dict[str, tuple[_Row, RunView]] = {}
        self._read_at: int | None = None
        self._going_on = False

    async def read(self) -> dict[str, RunView]:
        """By their ids, without their steps. Raises SQLAlchemyError, DurableError."""
        written = self._written()
        if written != self._read_at or self._going_on:
            rows = await asyncio.to_thread(_rows, self._engine)
            self._known = {row.id: (row, view) for row in rows if (view := await self._view(row))}
            self._going_on = any(row.ended_at is None for row in rows)
            self._read_at = written
        return {number: view for number, (_, view) in self._known.items()}

    async def _view(self, row: _Row) -> RunView | None:
        before, view = self._known.get(row.id, (None, None))
        if view is not None and before == row and row.ended_at is not None:
            return view
        try:
            shown = replace(await self._runbooks.show(row.id), steps=())
        except UnknownRunError:
            return None  # of long ago, or not submitted yet
        return view if shown == view else shown


def _rows(engine: Engine) -> Sequence[_Row]:
    query = select(runs.c.id, runs.c.state, runs.c.ended_at)
    newest = query.order_by(runs.c.requested_at.desc(), runs.c.id.desc())
    with reading(engine) as connection:
        found: list[_Row] = list(connection.execute(newest.limit(_NEWEST)))
        has_not_ended = newest.where(runs.c.ended_at.is_(None))
        found += connection.execute(has_not_ended.limit(_MOST_OPEN))
    by_id: dict[str, _Row] = {row.id: row for row in found}
    return list(by_id.values())
