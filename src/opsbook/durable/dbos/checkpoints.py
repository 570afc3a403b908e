"""What DBOS records of one life of a run, which lives on another loop than DBOS does."""

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from dbos import DBOS
from dbos import error as dbos_errors

from opsbook.durable.dbos.runs import MAIL
from opsbook.durable.port import ChangedRunError
from opsbook.durable.values import Json

T = TypeVar("T")


class DbosCheckpoints:
    """Steps of one life of a run, recorded by DBOS."""

    def __init__(self, theirs: asyncio.AbstractEventLoop) -> None:
        self._ours = asyncio.get_running_loop()
        self._theirs = theirs
        self._doing: concurrent.futures.Future[Json] | None = None
        self.lost = False
        """Whether another life of this run has begun, here or elsewhere, or it was ended."""

    async def once(self, name: str, body: Callable[[], Awaitable[Json]]) -> Json:
        def there() -> Json:
            """In a thread of DBOS, which waits for us: a step that is none costs it more."""
            self._doing = asyncio.run_coroutine_threadsafe(_awaiting(body), self._ours)
            try:
                return self._doing.result()
            except concurrent.futures.CancelledError:
                # DBOS would record theirs as the end of the step, and ours not.
                raise asyncio.CancelledError from None

        try:
            return await self._on_theirs(lambda: DBOS.run_step_async({"name": name}, there))
        except asyncio.CancelledError:
            if self._doing is not None:
                self._doing.cancel()
            raise

    async def receive(self, within: float) -> Json:
        message: Json = await self._on_theirs(lambda: DBOS.recv_async(MAIL, within))
        return message

    async def _on_theirs(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        # The loops copy the context, in which DBOS finds the run that it is in.
        running = asyncio.run_coroutine_threadsafe(make(), self._theirs)
        try:
            return await asyncio.wrap_future(running)
        except dbos_errors.DBOSUnexpectedStepError as error:
            raise ChangedRunError(str(error)) from None
        except (
            dbos_errors.DBOSWorkflowConflictIDError,
            dbos_errors.DBOSWorkflowCancelledError,
        ):
            self.lost = True
            raise asyncio.CancelledError from None


async def _awaiting(body: Callable[[], Awaitable[Json]]) -> Json:
    return await body()
