"""One backup on its way to several destinations at once."""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from opsbook.backups.destination import Destination, DestinationError, Upload

_DEPTH = 4
"""Blocks that wait for one destination; then the source waits for it."""


class Copies:
    """Each destination writes in a thread of its own; one that fails is left out from then on."""

    def __init__(self, destinations: Mapping[str, Destination]) -> None:
        self._copies = {name: _Copy(each) for name, each in destinations.items()}

    @property
    def errors(self) -> dict[str, str]:
        """Destination → what went wrong there."""
        return {name: each.error for name, each in self._copies.items() if each.error is not None}

    @property
    def going(self) -> list[str]:
        """Destinations at which nothing went wrong."""
        return [name for name, each in self._copies.items() if each.error is None]

    def begin(self, name: str) -> None:
        for each in self._copies.values():
            each.do(each.begin, name)

    def write(self, block: bytes) -> None:
        """Waits for the slowest."""
        for each in self._copies.values():
            each.do(each.write, block)

    def commit(self) -> None:
        """On return the object is whole wherever it still goes on."""
        for each in self._copies.values():
            each.do(each.commit)
        for each in self._copies.values():
            each.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        for each in self._copies.values():
            each.close()


class _Copy:
    def __init__(self, destination: Destination) -> None:
        self.error: str | None = None
        self._destination = destination
        self._upload: Upload | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="backup-copy")
        self._under_way: deque[Future[None]] = deque()

    def do(self, action: Callable[..., None], *words: object) -> None:
        if len(self._under_way) >= _DEPTH:
            self._under_way.popleft().result()
        if self.error is None:
            self._under_way.append(self._thread.submit(self._guarded, action, *words))

    def wait(self) -> None:
        while self._under_way:
            self._under_way.popleft().result()

    def begin(self, name: str) -> None:
        self._upload = self._destination.upload(name)

    def write(self, block: bytes) -> None:
        assert self._upload is not None
        self._upload.write(block)

    def commit(self) -> None:
        assert self._upload is not None
        self._upload.commit()
        self._upload = None

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self._abort()

    def _guarded(self, action: Callable[..., None], *words: object) -> None:
        if self.error is not None:
            return
        try:
            action(*words)
        except (DestinationError, OSError) as error:
            self.error = f"{action.__name__} at {self._destination.subject}: {error}"
            self._abort()

    def _abort(self) -> None:
        if self._upload is not None:
            self._upload.abort()
            self._upload = None
