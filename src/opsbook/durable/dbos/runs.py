"""Runs of DBOS from outside: for the console, the command line, and who carries them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from dbos import DBOSClient, DBOSPortableJSONSerializer, WorkflowStatus
from dbos import error as dbos_errors
from dbos._serialization import DefaultSerializer
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from opsbook.durable import database
from opsbook.durable.carried import told
from opsbook.durable.model import Cancellation, RunInfo, RunState, Submission
from opsbook.durable.port import DurableError, Runs, RunStateError, UnknownRunError
from opsbook.durable.quiet import hush
from opsbook.durable.rows import ENDED, STATES, is_ours, position, run_info, shown
from opsbook.durable.values import Json, plain

T = TypeVar("T")

APPLICATION = "opsbook"
WORKFLOW = "opsbook.run"
MAIL = "mail"
"""The topic of all that is said to a run."""
AT_ONCE = 500
_TRY_AGAIN_AFTER = 1.0


def _refuse_pickle(_: DefaultSerializer, serialized_data: str) -> NoReturn:
    raise ValueError("a pickled value is not read: it could run code here")


# The serializer given to DBOS is for writing only: a row that says that it is pickled would be
# unpickled all the same, and who can write to the database would run code in every carrier.
DefaultSerializer.deserialize = _refuse_pickle  # type: ignore[method-assign, assignment]


class DbosRuns(Runs):
    """It carries none."""

    def __init__(self, url: URL | str, version: str = "1") -> None:
        """`version` is that of the functions; it is raised when runs under way cannot go on."""
        self._closed = False
        self._url = database.located(url)
        self._version = version
        self._database = database.connect(url)
        database.refuse_when(self._database, lambda: self._closed)
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="runs")
        hush()
        self._client = DBOSClient(
            system_database_engine=self._database,
            dbos_system_schema=database.SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
            retry_connection_errors=False,
        )

    async def close(self) -> None:
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.destroy()
        self._database.dispose()

    async def submit(self, submission: Submission) -> str:
        within = submission.start_within
        options: dict[str, Any] = {
            "workflow_name": WORKFLOW,
            "workflow_id": submission.id,
            "queue_name": submission.queue,
            "attributes": {
                "function": submission.function,
                "queue": submission.queue,
                "partition": submission.partition,
                "round": 0,
                "start_by": None if within is None else time.time() + within,
                "cancel": None,
                "stopped_at": None,
                "submitted_at": time.time(),
            },
        }
        if submission.partition is not None:
            options["queue_partition_key"] = submission.partition
        if submission.single is not None:
            options["deduplication_id"] = submission.single
            options["duplication_policy"] = "return-existing"
        value = plain(submission.input)

        def enqueue() -> str:
            return self._client.enqueue(options, value).workflow_id  # type: ignore[arg-type]

        return await self._call(enqueue)

    async def cancel(self, run_id: str, cancellation: Cancellation) -> None:
        status = await self._status(run_id)
        if status.status in ENDED:
            return
        message = told(cancellation)
        # First the wish, then the deed: a run that starts in between sees the wish.
        await self._note(run_id, {"cancel": message})
        await self._wake(run_info(status), cancellation)
        status = await self._status(run_id)
        stranded = status.status == "PENDING" and status.app_version != self._version
        if status.status in STATES[RunState.WAITING] or stranded:
            await self._call(self._client.cancel_workflow, run_id)

    async def signal(self, run_id: str, name: str, value: Json, key: str) -> None:
        status = await self._status(run_id)
        if status.status in ENDED:
            raise RunStateError(f"run {run_id} has ended; nobody waits for {name}")
        await self._send(run_id, {"signal": name, "value": plain(value)}, key)

    async def show(self, run_id: str) -> RunInfo:
        status = await self._status(run_id, whole=True)
        steps = [shown(step) for step in await self._steps(run_id) if is_ours(step)]
        return run_info(status, tuple(steps))

    async def find(
        self,
        *,
        states: Collection[RunState] = (),
        prefix: str = "",
        queue: str | None = None,
        limit: int = 100,
    ) -> list[RunInfo]:
        found: list[RunInfo] = []
        offset = 0
        while len(found) < limit:
            page = await self._page(
                status=[each for state in states for each in STATES[state]] or None,
                workflow_id_prefix=prefix or None,
                sort_desc=True,
                limit=AT_ONCE,
                offset=offset,
            )
            infos = [run_info(status) for status in page]
            # A queue is forgotten by DBOS when a run is cancelled, and it knows no expiry.
            found += [
                info
                for info in infos
                if (not states or info.state in states)
                and queue in (None, info.queue)
                and info.id.startswith(prefix)
            ]
            if len(page) < AT_ONCE:
                break
            offset += AT_ONCE
        return found[:limit]

    async def wait(self, run_id: str, within: float) -> RunInfo:
        pause = 0.02
        async with asyncio.timeout(within):
            while (await self._status(run_id)).status not in ENDED:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, 0.25)
        return await self.show(run_id)

    async def resume(self, run_id: str, at: str | None = None) -> None:
        info = await self.show(run_id)
        if info.state not in (RunState.FAILED, RunState.CANCELLED, RunState.EXPIRED):
            raise RunStateError(f"run {run_id} is {info.state}: nothing to resume")
        steps = await self._steps(run_id)
        start = position(run_id, steps, at or info.stopped_at)
        fresh = {"cancel": None, "stopped_at": None, "start_by": None, "round": info.round + 1}
        await self._note(run_id, fresh)
        await self._call(
            lambda: self._client.rewind_workflow(
                run_id,
                start_step=start,
                application_version=self._version,
                queue_name=info.queue,
                queue_partition_key=info.partition,
            )
        )

    async def prune(self, before: float) -> int:
        moment = datetime.fromtimestamp(before, UTC).isoformat()
        forgotten = 0
        while page := await self._page(
            status=ENDED, completed_before=moment, limit=AT_ONCE, load_output=False
        ):
            ids = [status.workflow_id for status in page]
            await self._call(self._client.delete_workflows, ids)
            forgotten += len(ids)
        await self._call(database.shrink, self._database)
        return forgotten

    async def _status(self, run_id: str, whole: bool = False) -> WorkflowStatus:
        found = await self._page(workflow_ids=[run_id], load_input=whole, load_output=whole)
        if not found:
            raise UnknownRunError(f"there is no run {run_id}")
        return found[0]

    async def _page(self, **which: Any) -> Sequence[WorkflowStatus]:
        return await self._call(
            lambda: self._client.list_workflows(**{"load_input": False} | which)
        )

    async def _steps(self, run_id: str) -> Sequence[Any]:
        return await self._call(self._client.list_workflow_steps, run_id)

    async def _note(self, run_id: str, attributes: dict[str, Any]) -> None:
        await self._call(
            lambda: self._client.update_workflow_attributes(run_id, attributes, merge=True)
        )

    async def _wake(self, info: RunInfo, cancellation: Cancellation) -> None:
        """Tell a run that waits; whoever tells it again in the same round says nothing new."""
        await self._send(info.id, {"cancel": told(cancellation)}, f"cancel.{info.round}")

    async def _send(self, run_id: str, message: Json, key: str) -> None:
        await self._call(lambda: self._client.send(run_id, message, MAIL, key))

    async def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Carry out what blocks. Raises DurableError if the database cannot be reached."""
        if self._closed:
            raise DurableError("the database of runs is closed")
        if not database.exists(self._url):
            raise DurableError("there are no runs yet: nothing has carried one here")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, lambda: function(*arguments))
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise DurableError(f"the database of runs cannot be reached: {cause}") from None
        except dbos_errors.DBOSNonExistentWorkflowError as error:
            raise UnknownRunError(str(error)) from None
        except dbos_errors.DBOSException as error:
            raise DurableError(f"DBOS: {error}") from None

    async def _surely(self, make: Callable[[], Awaitable[T]]) -> T:
        """For what no run may fail for: again until the database can be reached."""
        while True:
            try:
                return await make()
            except DurableError:
                if self._closed:
                    raise asyncio.CancelledError from None
                await asyncio.sleep(_TRY_AGAIN_AFTER)
