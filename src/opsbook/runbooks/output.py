"""What commands on further hosts write, on its way through the database to who follows."""

import time
from collections.abc import Sequence

from sqlalchemy import Engine, delete, insert, select

from opsbook.durable.jobs.output import Piece
from opsbook.runbooks.store import output
from opsbook.state.database import reading

_KEPT = 30 * 86_400.0
"""Seconds: for as long as runs are."""
_AT_ONCE = 100
"""Pieces."""


class Output:
    """Pieces of the output of jobs, by the job's id. All of it blocks, raising SQLAlchemyError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, job: str, piece: Piece) -> None:
        """Write a piece down; a second time it takes its own place."""
        row = {
            "job": job,
            "begins": piece.start,
            "ends": piece.end,
            # PostgreSQL has no such character.
            "text": piece.text.replace("\0", "\N{REPLACEMENT CHARACTER}"),
            "at": time.time(),
        }
        same = (output.c.job == job) & (output.c.begins == piece.start)
        with self._engine.begin() as connection:
            connection.execute(delete(output).where(same))
            connection.execute(insert(output), row)

    def end(self, job: str) -> int:
        """How far it has been written down. What nobody follows any more is forgotten."""
        with self._engine.begin() as connection:
            connection.execute(delete(output).where(output.c.at < time.time() - _KEPT))
            ends = select(output.c.ends).where(output.c.job == job)
            return connection.execute(ends.order_by(output.c.ends.desc()).limit(1)).scalar() or 0

    def read(self, job: str, position: int) -> Sequence[Piece]:
        """Some of what was written down from a position on, in its order."""
        wanted = (output.c.job == job, output.c.ends > position)
        query = select(output.c.begins, output.c.text, output.c.ends).where(*wanted)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(output.c.begins).limit(_AT_ONCE))
            return [Piece(*row) for row in rows]
