"""Runs on DBOS, in SQLite or PostgreSQL. Nothing but this and `durable/dbos` knows DBOS.

DBOS lives on a loop and in threads of its own: while its database cannot be reached it blocks
them, and what watches the platform must go on. Functions and the actions of their steps run on
the loop that opened the engine.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from dbos import DBOS, DBOSPortableJSONSerializer
from dbos import error as dbos_errors
from sqlalchemy.engine import URL

from opsbook.durable import database
from opsbook.durable.carried import CarriedRun, told
from opsbook.durable.dbos.checkpoints import DbosCheckpoints
from opsbook.durable.dbos.runs import APPLICATION, AT_ONCE, WORKFLOW, DbosRuns
from opsbook.durable.gate import Gate
from opsbook.durable.lock import TakenError, carrier_lock
from opsbook.durable.model import Cancellation, Queue, RunInfo
from opsbook.durable.port import (
    ChangedRunError,
    DurableError,
    DurableFunction,
    Engine,
    RunCancelledError,
    StepFailedError,
    UnknownRunError,
)
from opsbook.durable.rows import run_info
from opsbook.durable.values import Json, plain

logger = logging.getLogger(__name__)

_LOOK_EVERY = 0.5
"""Seconds between two looks at who is to be cancelled and who was not started in time."""
_KEEP_LOCK_EVERY = 5.0
_TO_END = 5.0


class RunFailedError(Exception):
    """How a failed run is recorded; `data` is kept with it."""

    def __init__(self, message: str, step: str | None) -> None:
        super().__init__(message)
        self.data = {"step": step}


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
        running = await self._page(status="PENDING", load_output=False, limit=AT_ONCE)
        return [run_info(status) for status in running if status.app_version != self._version]

    def _launch(self) -> None:
        DBOS(
            config={
                "name": APPLICATION,
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
            DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(carry)
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
        checkpoints = DbosCheckpoints(theirs)
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
        waiting = await self._page(status="ENQUEUED", load_output=False, limit=AT_ONCE)
        now = time.time()
        for status in waiting:
            start_by = (status.attributes or {}).get("start_by")
            if start_by is not None and start_by < now:
                late = Cancellation("opsbook", "nobody started it in time", expired=True)
                with contextlib.suppress(UnknownRunError):
                    await self.cancel(status.workflow_id, late)


class _Lost:
    """A life that must not record how it ended."""
