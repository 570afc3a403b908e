"""Streams of bytes between threads, in both directions, with bounded memory."""

import io
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BLOCK = 1 << 20
_DEPTH = 4
"""Blocks that wait between two threads: what one is ahead of the other."""
_LOOK_EVERY = 0.2
"""Seconds after which a thread that waits to hand over looks whether anybody still takes."""

Write = Callable[[bytes], int]


class _NobodyTakesError(Exception):
    """Whoever read the stream has left."""


def pushed(produce: Callable[[Write], None], name: str) -> Iterator[bytes]:
    """What `produce` writes, in a thread of its own, as blocks of about a mebibyte.

    Raises what `produce` raised, at the end of what it wrote. Left early, the thread is told at
    its next write and waited for.
    """
    handed = _Handed()

    def run() -> None:
        try:
            produce(handed.write)
            handed.flush()
        except _NobodyTakesError:
            pass
        except BaseException as error:
            handed.error = error
        finally:
            handed.end()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield from handed
        if handed.error is not None:
            raise handed.error
    finally:
        handed.left.set()
        thread.join()


def ahead(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The same blocks, made in a thread of its own while the last ones are used."""

    def produce(write: Write) -> None:
        with ended(blocks):
            for block in blocks:
                write(block)

    return pushed(produce, name)


@contextmanager
def ended(blocks: Iterator[bytes]) -> Iterator[None]:
    """However it is left, what makes the blocks has ended, with its threads and processes."""
    try:
        yield
    finally:
        ending = getattr(blocks, "close", None)
        if ending is not None:
            ending()


class _Handed:
    """The queue between the two threads."""

    def __init__(self) -> None:
        self.left = threading.Event()
        self.error: BaseException | None = None
        self._blocks: queue.Queue[bytes | None] = queue.Queue(_DEPTH)
        self._waiting: list[bytes] = []
        self._size = 0

    def __iter__(self) -> Iterator[bytes]:
        while (block := self._blocks.get()) is not None:
            yield block

    def write(self, block: bytes) -> int:
        """Small ones are joined."""
        self._waiting.append(bytes(block))
        self._size += len(block)
        if self._size >= _BLOCK:
            self.flush()
        return len(block)

    def flush(self) -> None:
        if self._waiting:
            joined = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
            self._waiting, self._size = [], 0
            self._put(joined)

    def end(self) -> None:
        try:
            self._put(None)
        except _NobodyTakesError:
            return

    def _put(self, block: bytes | None) -> None:
        while not self.left.is_set():
            try:
                self._blocks.put(block, timeout=_LOOK_EVERY)
            except queue.Full:
                continue
            return
        raise _NobodyTakesError


class BlockReader(io.RawIOBase):
    """Blocks as a file that is read once. Closing it ends what makes them."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        with ended(self._blocks):
            super().close()
