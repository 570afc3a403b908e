"""A destination that fails at a request of its choice, in front of a real one."""

from collections.abc import Iterator
from typing import BinaryIO

from opsbook.backups.destination import Destination, DestinationError, Stored, Upload


class Faulty(Destination):
    """Counts the requests, and refuses one."""

    def __init__(self, behind: Destination, fail_at: int) -> None:
        super().__init__()
        self._behind = behind
        self._fail_at = fail_at
        self._requests = 0

    @property
    def subject(self) -> str:
        return self._behind.subject

    @property
    def failed(self) -> bool:
        """Whether there were that many requests."""
        return self._requests > self._fail_at

    def request(self, what: str) -> None:
        self._requests += 1
        if self._requests == self._fail_at + 1:
            raise DestinationError(f"{self.subject}: {what}: refused for once", temporary=True)

    def bind(self, platform: str) -> None:
        self._behind.bind(platform)

    def upload(self, name: str) -> Upload:
        self.request(f"begin {name}")
        return _Upload(self, self._behind.upload(name))

    def open(self, name: str) -> BinaryIO:
        self.request(f"open {name}")
        return self._behind.open(name)

    def names(self, prefix: str) -> Iterator[Stored]:
        self.request(f"list {prefix}")
        return self._behind.names(prefix)

    def delete(self, name: str) -> None:
        self.request(f"delete {name}")
        self._behind.delete(name)

    def free_bytes(self) -> int | None:
        return self._behind.free_bytes()

    def sweep(self, older_than: float) -> int:
        self.request("sweep")
        return self._behind.sweep(older_than)


class _Upload(Upload):
    def __init__(self, of: Faulty, behind: Upload) -> None:
        self._of, self._behind = of, behind

    def write(self, block: bytes) -> None:
        self._of.request("write")
        self._behind.write(block)

    def commit(self) -> None:
        self._of.request("commit")
        self._behind.commit()

    def abort(self) -> None:
        self._behind.abort()
