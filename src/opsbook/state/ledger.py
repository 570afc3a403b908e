"""The ledger: append-only, hash-chained, written by one thread in groups."""

import asyncio
import logging
import math
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import SQLAlchemyError

from opsbook.core.clock import Clock, iso
from opsbook.core.secrets import mask
from opsbook.state.chain import GENESIS, Entry, Verdict, canonical, link, verify_chain
from opsbook.state.database import reading
from opsbook.state.tables import ledger, ledger_head

logger = logging.getLogger(__name__)

_MOST_WAITING = 10_000
"""Entries kept in memory while the disk is full; then the newest are counted, not kept."""
_MOST_AT_ONCE = 256
_RETRY = 1.0

Also = tuple[Callable[[Connection, Sequence[Any]], None], Any]
"""What is written in the transaction of an entry: a function and what it is given, together
with that of the entries next to it. It has to take effect whatever it finds: a database error
of it keeps the ledger from being written."""
_Fields = tuple[str, str, str, str, str]
_Waiting = tuple[_Fields, Also | None, "asyncio.Future[Entry]"]


class Ledger:
    """Writes entries in the order of `record`. An entry that was awaited survives kill -9.

    When the database cannot be written, entries wait in memory, `trouble` says why, and the
    caller goes on.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.trouble: str | None = None
        """Why entries are waiting, or None."""
        self.lost = 0
        """Entries that found no room in memory while the database could not be written."""
        self._engine = engine
        self._clock = clock
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        # One is counted on the loop and one in the thread: neither is ever behind an entry that
        # the thread has in its hands.
        self._recorded = self._written = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="ledger", daemon=True)
        self._thread.start()

    @property
    def written(self) -> int:
        """Entries that this process has put on disk: where it has not changed, nothing of what
        is written down has."""
        return self._written

    @property
    def waiting(self) -> int:
        """Entries not yet on disk."""
        return self._recorded - self._written

    def record(
        self,
        kind: str,
        subject: str,
        actor: str = "opsbook",
        *,
        also: Also | None = None,
        **body: Any,
    ) -> "asyncio.Future[Entry]":
        """Record what happened; await the result to know that it is on disk, and with it what is
        `also` to be written: both are there, or neither.

        Secrets are masked. The future never fails; it waits while the database cannot be
        written, so await it with a deadline.
        """
        done: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        text = mask(canonical(_finite(body)))
        fields = (iso(self._clock.now()), kind, subject, actor, text)
        if self.waiting >= _MOST_WAITING:
            self.lost += 1
        else:
            self._recorded += 1
            self._queue.put((fields, also, done))
        return done

    async def flush(self, within: float) -> bool:
        """Wait until all that was recorded is on disk; False if it is not by then."""
        deadline = self._clock.monotonic() + within
        while self.waiting and self._clock.monotonic() < deadline:  # noqa: ASYNC110 - a thread empties it
            await asyncio.sleep(0.005)
        return not self.waiting

    def close(self) -> None:
        """Write what waits, if it can be written, and end the thread."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join(timeout=10)

    def _write_all(self) -> None:
        while batch := self._next_batch():
            while not self._write(batch):
                if self._closing.wait(_RETRY):
                    logger.error("%d ledger entries could not be written", self.waiting)
                    return
            self._written += len(batch)

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        first = self._queue.get()
        if first is None:
            return batch
        batch.append(first)
        while len(batch) < _MOST_AT_ONCE and not self._queue.empty():
            following = self._queue.get()
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
        return batch

    def _write(self, batch: list[_Waiting]) -> bool:
        try:
            with self._engine.begin() as connection:
                written = _append(connection, [fields for fields, _, _ in batch])
                _write_also(connection, [also for _, also, _ in batch if also is not None])
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or error)
            if cause != self.trouble:
                logger.error("the ledger cannot be written: %s", cause)
            self.trouble = cause
            # A connection that failed to write may be broken itself.
            self._engine.dispose()
            return False
        if self.trouble is not None:
            logger.warning("the ledger is written again")
            self.trouble = None
        for entry, (_, _, done) in zip(written, batch, strict=True):
            _settle(done, entry)
        return True


def _finite(value: Any) -> Any:
    """JSON has no infinity: it is written as text."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _settle(done: "asyncio.Future[Entry]", entry: Entry) -> None:
    def settle() -> None:
        if not done.done():
            done.set_result(entry)

    loop = done.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)


def _append(connection: Connection, batch: list[_Fields]) -> list[Entry]:
    seq, previous = read_head(connection) or (0, GENESIS)
    entries = []
    for fields in batch:
        seq += 1
        previous = link(previous, seq, *fields)
        entries.append(Entry(seq, *fields, previous))
    rows = [asdict(entry) for entry in entries]
    connection.execute(insert(ledger), rows)
    connection.execute(ledger_head.delete())
    connection.execute(insert(ledger_head), {"id": 1, "seq": seq, "hash": previous})
    return entries


def _write_also(connection: Connection, wanted: list[Also]) -> None:
    """In their order: what comes later may undo what comes before."""
    for write, following in groupby(wanted, key=itemgetter(0)):
        write(connection, [what for _, what in following])


def read_head(connection: Connection) -> tuple[int, str] | None:
    """Number and hash of the last entry, or None in an empty ledger."""
    row = connection.execute(select(ledger_head.c.seq, ledger_head.c.hash)).first()
    return (row.seq, row.hash) if row else None


def read_entries(
    connection: Connection,
    *,
    kind: str | None = None,
    subject: str | None = None,
    since: str | None = None,
    last: int | None = None,
) -> Iterator[Entry]:
    """Entries in the order of their writing; `since` is ISO 8601, `last` keeps the newest."""
    query = select(ledger).order_by(ledger.c.seq.desc() if last else ledger.c.seq)
    if kind:
        query = query.where(ledger.c.kind == kind)
    if subject:
        query = query.where(ledger.c.subject == subject)
    if since:
        query = query.where(ledger.c.at >= since)
    if last:
        rows = connection.execute(query.limit(last)).all()
        return iter([Entry(*row) for row in reversed(rows)])
    streamed = connection.execution_options(yield_per=1000).execute(query)
    return (Entry(*row) for row in streamed)


def verify(engine: Engine) -> Verdict:
    """Hold every entry against the chain."""
    with reading(engine) as connection:
        return verify_chain(read_entries(connection), read_head(connection))
