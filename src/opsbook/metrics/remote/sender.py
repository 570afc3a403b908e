"""What waits in the outbox → a server, with patience: remote write 1.0 from the sender's side."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import pairwise

from opsbook.core.errors import OpsbookError
from opsbook.core.units import format_size
from opsbook.metrics.remote.client import Client
from opsbook.metrics.remote.outbox import Outbox, Row
from opsbook.metrics.remote.snappy import deflated
from opsbook.metrics.remote.wire import fields

logger = logging.getLogger(__name__)

HEADERS: Mapping[str, str] = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_EVERY = 0.2
"""Seconds in which rows gather before they are sent."""
_MOST_SAMPLES = 10_000
"""In one request."""
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 30.0
"""Seconds until a server that could not take samples is asked again."""
_REFUSALS = (400, 409, 413, 422)
"""Something in the request will never be taken; every other failure may pass."""
_MOST_PIECES = 256
"""Requests in which one is sent again to find out what in it is not taken."""


class Sender:
    """Sends in a thread, from `start` to `close`, what it finds in the outbox."""

    def __init__(self, outbox: Outbox, client: Client, url: str) -> None:
        self.refused = 0
        """Samples that the server did not take and never will."""
        self._outbox, self._client, self._url = outbox, client, url
        self._failure: str | None = None
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._arrived = threading.Condition()
        self._pieces = 0
        self._thread = threading.Thread(target=self._run, name="metrics sender", daemon=True)

    @property
    def trouble(self) -> str | None:
        """Why samples wait, and how many bytes of them."""
        failure = self._failure or self._outbox.trouble
        if failure is None:
            return None
        waiting = format_size(self._outbox.nbytes)
        return f"{failure}; {waiting} of samples wait in {self._outbox.directory}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """What has not arrived stays in the outbox."""
        self._stop.set()
        self._wanted.set()
        self._thread.join()

    def catch_up(self, within: float) -> bool:
        """Wait until what was put before has arrived; not for a server that does not answer."""
        deadline = time.monotonic() + within
        mark = self._outbox.mark()
        with self._arrived:
            while not self._outbox.passed(mark):
                left = deadline - time.monotonic()
                if left <= 0 or self._failure is not None or self._stop.is_set():
                    return False
                self._wanted.set()
                self._arrived.wait(min(left, 1.0))
        return True

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._send_what_waits()
                self._outbox.sync()
            except Exception as error:  # a fault of our own must not end it for ever
                logger.exception("samples for %s wait", self._url)
                self._failed(f"{self._url}: {error}")
                self._stop.wait(_LONGEST_WAIT)
            self._wanted.wait(_EVERY)
            self._wanted.clear()

    def _send_what_waits(self) -> None:
        while (parcel := self._outbox.take()) is not None:
            for rows in _batches(parcel.rows):
                self._pieces = 0
                if not self._delivered(rows):
                    return
            self._outbox.done(parcel)
            with self._arrived:
                self._arrived.notify_all()

    def _delivered(self, rows: list[Row]) -> bool:
        """Until the server has taken or refused them; False if we are to stop before that."""
        wait = _FIRST_WAIT
        while not self._stop.is_set():
            status, said, after = self._posted(rows)
            if 200 <= status < 300:
                self._failure = None
                return True
            if status in _REFUSALS:
                self._failure = None
                return self._refused(rows, said)
            self._failed(said)
            self._outbox.sync()
            self._stop.wait(max(wait, min(after, _LONGEST_WAIT)))
            wait = min(2 * wait, _LONGEST_WAIT)
        return False

    def _posted(self, rows: list[Row]) -> tuple[int, str, float]:
        """The status (0 without an answer), what to tell, and seconds that we shall wait."""
        body = deflated(b"".join(row.message for row in rows))
        try:
            answer = self._client.ask(
                "POST", self._url, cancelled=self._stop.is_set, headers=HEADERS, content=body
            )
        except OpsbookError as error:
            return 0, str(error), 0.0
        after = 0.0
        with contextlib.suppress(ValueError):
            after = float(answer.headers.get("Retry-After", ""))
        return answer.status, f"{self._url} answers {answer.status}: {answer.text}", after

    def _refused(self, rows: list[Row], said: str) -> bool:
        """Halve what was refused until only that is lost which is not taken."""
        self._pieces += 1
        pieces = rows if len(rows) > 1 else _series_of(rows[0])
        if len(pieces) == 1 or self._pieces > _MOST_PIECES:
            lost = sum(row.samples for row in rows)
            self.refused += lost
            logger.warning("%d samples are lost: %s", lost, said)
            return True
        middle = len(pieces) // 2
        return self._delivered(pieces[:middle]) and self._delivered(pieces[middle:])

    def _failed(self, said: str) -> None:
        if self._failure is None:
            logger.warning("samples wait: %s", said)
        self._failure = said
        with self._arrived:
            self._arrived.notify_all()


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    samples = 0
    for row in rows:
        if batch and samples + row.samples > _MOST_SAMPLES:
            yield batch
            batch, samples = [], 0
        batch.append(row)
        samples += row.samples
    if batch:
        yield batch


def _series_of(row: Row) -> list[Row]:
    """A row in pieces of one series, which has one sample."""
    ends = [0, *(each.end for each in fields(row.message, 0, len(row.message)))]
    return [Row(1, row.message[low:high]) for low, high in pairwise(ends)]
