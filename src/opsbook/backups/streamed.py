"""An upload to an object store in parts, with bounded memory."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from opsbook.backups.destination import DestinationError, Upload

_WAITING = 8
"""Blocks between the writer and the sender."""
_LOOK = 0.2
"""Seconds between looks at whether the sender still lives."""
_ABORT_WITHIN = 30.0
"""Seconds for a store to take an upload back; what it does not is swept later."""
MOST_PARTS = 10_000
"""S3 and Google take no more."""


class Sender(Protocol):
    """Puts an object, whole or not at all: given as one block, or as blocks that are not all
    there yet. An exception from the blocks must leave nothing behind."""

    def __call__(self, content: bytes | Iterator[bytes], /) -> object: ...


class _AbortedError(Exception):
    """Goes through the sender, so that it takes back the parts that it has sent."""


class StreamedUpload(Upload):
    """Holds a small object and sends it at once; sends a larger one while it is written."""

    def __init__(
        self,
        send: Sender,
        part_size: int,
        failed: Callable[[BaseException], DestinationError],
        done: Callable[[], None],
    ) -> None:
        """`failed` tells an error of the sender; `done` is called once, at the end."""
        self._send, self._part_size, self._failed, self._done = send, part_size, failed, done
        self._held: list[bytes] = []
        self._size = 0
        self._blocks: queue.Queue[bytes | BaseException | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._ended = False

    def write(self, block: bytes) -> None:
        self._size += len(block)
        self._check_size()
        if self._thread is not None:
            self._give(bytes(block))
            return
        self._held.append(bytes(block))
        if self._size > self._part_size:
            self._begin()

    def commit(self) -> None:
        try:
            if self._thread is None:
                self._put(b"".join(self._held))
            else:
                self._give(None)
                self._thread.join()
            if self._error is not None:
                raise self._failed(self._error)
        finally:
            self._end()

    def abort(self) -> None:
        if self._ended:
            return
        if self._thread is not None:
            self._interrupt()
            self._thread.join(_ABORT_WITHIN)
        self._end()

    def _begin(self) -> None:
        """From here on a thread sends what is held, and then what comes."""
        self._thread = threading.Thread(
            target=self._put, args=(self._coming(),), name="backup upload", daemon=True
        )
        self._thread.start()

    def _coming(self) -> Iterator[bytes]:
        held, self._held = self._held, []
        while held:
            yield held.pop(0)
        while (block := self._blocks.get()) is not None:
            if isinstance(block, BaseException):
                raise block
            yield block

    def _put(self, content: bytes | Iterator[bytes]) -> None:
        try:
            self._send(content)
        except Exception as error:
            self._error = error

    def _give(self, block: bytes | None) -> None:
        assert self._thread is not None
        while self._thread.is_alive():
            try:
                self._blocks.put(block, timeout=_LOOK)
            except queue.Full:
                continue
            return
        if self._error is not None:
            raise self._failed(self._error)

    def _interrupt(self) -> None:
        """What was not yet taken is not sent any more."""
        while True:
            try:
                self._blocks.put_nowait(_AbortedError())
            except queue.Full:
                try:
                    self._blocks.get_nowait()
                except queue.Empty:
                    continue
            else:
                return

    def _check_size(self) -> None:
        most = MOST_PARTS * self._part_size
        if self._size > most:
            larger = ValueError(f"larger than {most:,} bytes, which are {MOST_PARTS:,} parts")
            raise self._failed(larger)

    def _end(self) -> None:
        self._held = []
        if not self._ended:
            self._ended = True
            self._done()
