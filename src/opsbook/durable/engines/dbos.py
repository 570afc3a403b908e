"""Runs on DBOS, in SQLite or PostgreSQL. The only file that knows DBOS.

DBOS lives on a loop and in threads of its own: while its database cannot be reached it blocks
them, and what watches the platform must go on. Functions and the actions of their steps run on
the loop that opened the engine.
"""

import asyncio
import concurrent.futures
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, WorkflowStatus
from dbos import error as dbos_errors
from dbos._serialization import DefaultSerializer
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from opsbook.durable import database
from opsbook.durable.carried import CarriedRun, told
from opsbook.durable.gate import Gate
from opsbook.durable.lock import TakenError, carrier_lock
from opsbook.durable.model import (
    Cancellation,
    Queue,
    RunInfo,
    RunState,
    Submission,
)
from opsbook.durable.port import (
    ChangedRunError,
    DurableError,
    DurableFunction,
    Engine,
    RunCancelledError,
    Runs,
    RunStateError,
    StepFailedError,
    UnknownRunError,
)
from opsbook.durable.quiet import hush
from opsbook.durable.rows import ENDED, STATES, is_ours, position, run_info, shown
from opsbook.durable.values import Json, plain

logger = logging.getLogger(__name__)

T = TypeVar("T")

_APPLICATION = "opsbook"
_WORKFLOW = "opsbook.run"
_MAIL = "mail"
_LOOK_EVERY = 0.5
"""Seconds between two looks at who is to be cancelled and who was not started in time."""
_KEEP_LOCK_EVERY = 5.0
_AT_ONCE = 500
_TO_END = 5.0
_TRY_AGAIN_AFTER = 1.0


def _refuse_pickle(_: DefaultSerializer, serialized_data: str) -> NoReturn:
    raise ValueError("a pickled value is not read: it could run code here")


# The serializer given to DBOS is for writing only: a row that says that it is pickled would be
# unpickled all the same, and who can write to the database would run code in every carrier.
DefaultSerializer.deserialize = _refuse_pickle  # type: ignore[method-assign, assignment]


class RunFailedError(Exception):
    """How a failed run is recorded; `data` is kept with it."""

    def __init__(self, message: str, step: str | None) -> None:
        super().__init__(message)
        self.data = {"step": step}


class DbosRuns(Runs):
    """Runs from outside: for the console and the command line. It carries none."""

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
            application_name=_APPLICATION,
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
            "workflow_name": _WORKFLOW,
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
                limit=_AT_ONCE,
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
            if len(page) < _AT_ONCE:
                break
            offset += _AT_ONCE
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
            status=ENDED, completed_before=moment, limit=_AT_ONCE, load_output=False
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
        await self._call(lambda: self._client.send(run_id, message, _MAIL, key))

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


class _Checkpoints:
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
        message: Json = await self._on_theirs(lambda: DBOS.recv_async(_MAIL, within))
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


class DbosEngine(DbosRuns, Engine):
    """Carries runs. DBOS allows one in a process."""

    def __init__(
        self,
        url: URL | str,
        functions: Mapping[str, DurableFunction],
        queues: Sequence[Queue],
        name: str = "controller",
        version: str = "1",
    ) -> None:
        """`name` is that of this carrier, and the same after every restart."""
        super().__init__(url, version)
        self.functions = functions
        self._queues = queues
        self._name = name
        self._lock = carrier_lock(self._url, name)
        self._gate = Gate()
        self._lives: dict[str, tuple[asyncio.Task[Any], CarriedRun]] = {}
        self._housekeeping: asyncio.Task[None] | None = None

    async def open(self) -> None:
        database.make_private(self._url)
        await self._call(self._lock.take)
        self._ours = asyncio.get_running_loop()
        try:
            # In a thread without a loop, DBOS makes one of its own.
            await self._call(self._launch)
        except BaseException:
            await asyncio.to_thread(self._lock.release)
            raise
        self._housekeeping = asyncio.create_task(self._keep_house())
        if stranded := await self._surely(self.stranded):
            logger.warning(
                "%d runs were begun by another version and wait for it: %s",
                len(stranded),
                ", ".join(info.id for info in stranded[:10]),
            )

    async def drain(self, within: float) -> bool:
        return await self._gate.shut(within)

    async def cancel(self, run_id: str, cancellation: Cancellation) -> None:
        await super().cancel(run_id, cancellation)
        if run_id in self._lives:
            self._lives[run_id][1].stop(cancellation)

    async def close(self) -> None:
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            await asyncio.gather(self._housekeeping, return_exceptions=True)
            self._housekeeping = None
            await self._put_down()
        await super().close()

    async def _put_down(self) -> None:
        """Carry nothing any more; the runs are another's."""
        tasks = [task for task, _ in self._lives.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_TO_END)
        # Threads of DBOS that wait for its database end when they are refused.
        self._closed = True
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        await asyncio.to_thread(self._lock.release)

    async def stranded(self) -> list[RunInfo]:
        running = await self._page(status="PENDING", load_output=False, limit=_AT_ONCE)
        return [run_info(status) for status in running if status.app_version != self._version]

    def _launch(self) -> None:
        DBOS(
            config={
                "name": _APPLICATION,
                "system_database_engine": self._database,
                "dbos_system_schema": database.SCHEMA,
                "application_version": self._version,
                "executor_id": self._name,
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "WARNING",
                "enable_otlp": False,
                "notification_listener_polling_interval_sec": 0.25,
                "notification_coalesce_sec": 0.1,
                "scheduler_polling_interval_sec": 3600.0,
            }
        )

        async def carry(value: Json) -> Json:
            return await self._carry(value)

        try:
            # Every restart counts as a recovery, and a run may wait for weeks.
            DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=None)(carry)
            DBOS.listen_queues([queue.name for queue in self._queues])
            DBOS.launch()
            # Runs that nobody began yet are taken by the latest version, which also is an older.
            DBOS.set_latest_application_version(self._version)
            for queue in self._queues:
                DBOS.register_queue(
                    queue.name,
                    global_concurrency=queue.at_once,
                    partition_concurrency=1 if queue.partitioned else None,
                    polling_interval_sec=queue.poll,
                    on_conflict="always_update",
                )
        except BaseException:
            DBOS.destroy(destroy_registry=True)
            raise

    async def _carry(self, value: Json) -> Json:
        """On the loop of DBOS: a life of a run, of which the better part is on ours."""
        run_id = DBOS.workflow_id
        assert run_id is not None
        checkpoints = asyncio.get_running_loop()
        life = asyncio.run_coroutine_threadsafe(self._live(run_id, value, checkpoints), self._ours)
        outcome = await asyncio.wrap_future(life)
        if isinstance(outcome, _Lost):
            raise dbos_errors.DBOSWorkflowConflictIDError(run_id)
        return outcome

    async def _live(
        self, run_id: str, value: Json, theirs: asyncio.AbstractEventLoop
    ) -> "Json | _Lost":
        checkpoints = _Checkpoints(theirs)
        known = run_info(await self._surely(lambda: self._status(run_id)))
        run = CarriedRun(run_id, known.round, checkpoints, self._gate)
        task = asyncio.current_task()
        assert task is not None
        self._lives[run_id] = (task, run)
        try:
            if (cancellation := known.cancellation) is not None:
                run.stop(cancellation)
                await self._surely(lambda: self._wake(known, cancellation))
            function = self.functions.get(known.function)
            if function is None:
                raise ChangedRunError(f"there is no function {known.function!r}")
            return plain(await function(run, value))
        except RunCancelledError as error:
            cancelled = {"cancel": told(error.cancellation), "stopped_at": error.step}
            await self._surely(lambda: self._note(run_id, cancelled))
            await self._surely(lambda: self._call(self._client.cancel_workflow, run_id))
            return _Lost()
        except asyncio.CancelledError:
            if checkpoints.lost:
                return _Lost()
            raise
        except Exception as error:
            step = error.step if isinstance(error, StepFailedError) else None
            if not isinstance(error, (StepFailedError, ChangedRunError)):
                logger.warning("run %s failed outside of its steps", run_id, exc_info=error)
            words = str(plain(str(error) or type(error).__name__))
            raise RunFailedError(words, step) from None
        finally:
            if self._lives.get(run_id) == (task, run):
                del self._lives[run_id]

    async def _keep_house(self) -> None:
        kept = time.monotonic()
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                await self._stop_cancelled()
                await self._end_expired()
                if time.monotonic() - kept > _KEEP_LOCK_EVERY:
                    kept = time.monotonic()
                    self.trouble = await self._call(self._lock.keep)
            except DurableError as error:
                self.trouble = str(error)
            except TakenError as error:
                # What we would still record, DBOS refuses: the runs have another owner.
                self.trouble = str(error)
                logger.error("runs are not carried here any more: %s", error)
                await self._put_down()
                return

    async def _stop_cancelled(self) -> None:
        running = {run_id: run for run_id, (_, run) in self._lives.items()}
        if not running:
            return
        for status in await self._page(workflow_ids=list(running), load_output=False):
            info = run_info(status)
            run = running[info.id]
            if info.cancellation is not None and not run.stopping.is_set():
                run.stop(info.cancellation)
                await self._wake(info, info.cancellation)

    async def _end_expired(self) -> None:
        waiting = await self._page(status="ENQUEUED", load_output=False, limit=_AT_ONCE)
        now = time.time()
        for status in waiting:
            start_by = (status.attributes or {}).get("start_by")
            if start_by is not None and start_by < now:
                late = Cancellation("opsbook", "nobody started it in time", expired=True)
                with contextlib.suppress(UnknownRunError):
                    await self.cancel(status.workflow_id, late)


class _Lost:
    """A life that must not record how it ended."""
