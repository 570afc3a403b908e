"""What a command writes, handed on while it runs to who follows from another host."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.jobs.output import Piece
from opsbook.durable.port import UnknownRunError
from opsbook.durable.values import Json
from opsbook.runbooks.output import Output

logger = logging.getLogger(__name__)

_LOOK_EVERY = 0.5
_MOST = 1_048_576
"""Bytes of one command; the rest is kept on its host."""
_PIECE = 16_384
_FAREWELL = 5.0
"""Seconds for what was written last; a database that is away must not hold up the step."""


class Relaying:
    """Of one job."""

    def __init__(self, jobs: Jobs, job: str, output: Output) -> None:
        self._jobs, self._job, self._output = jobs, job, output
        self._at: int | None = None
        """How far it was handed on."""

    async def around(self, work: Callable[[], Awaitable[Json]]) -> Json:
        """What the work gives; what it wrote is handed on by then, if that was possible."""
        relaying = asyncio.create_task(self._relay())
        try:
            result = await work()
        finally:
            relaying.cancel()
            await asyncio.gather(relaying, return_exceptions=True)
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._hand_on(ended=True)
        except (SQLAlchemyError, TimeoutError) as error:
            logger.warning("the last output of %s was not handed on: %s", self._job, error)
        return result

    async def _relay(self) -> None:
        while True:
            try:
                await self._hand_on(ended=False)
            except SQLAlchemyError as error:
                logger.warning("the output of %s waits: %s", self._job, error)
            await asyncio.sleep(_LOOK_EVERY)

    async def _hand_on(self, *, ended: bool) -> None:
        if self._at is None:
            self._at = await asyncio.to_thread(self._output.end, self._job)
        while self._at < _MOST and (piece := self._next(self._at, ended)).text:
            await asyncio.to_thread(self._output.keep, self._job, piece)
            self._at = piece.end
            if self._at >= _MOST:
                said = Piece(piece.end, "… what follows is kept on its host\n", piece.end + 1)
                await asyncio.to_thread(self._output.keep, self._job, said)

    def _next(self, position: int, ended: bool) -> Piece:
        try:
            return self._jobs.output(self._job).read(position, ended=ended, most=_PIECE)
        except UnknownRunError:
            return Piece(position, "", position)
