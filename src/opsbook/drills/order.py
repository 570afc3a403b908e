"""A fault's directory: how it is begun and ended, kept where every process finds it."""

import asyncio
import fcntl
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from opsbook.drills.fault import FaultError, Prepared, fault_kinds

ORDER = "order.json"
"""There from before the fault begins until it has been ended."""
_TRY_AGAIN_AFTER = 0.02


class Order:
    """One fault. Of several processes that begin or end it, each waits for the other."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def make(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, kind: str, prepared: Prepared) -> None:
        """On the disk when it returns. Blocks."""
        fresh = self.directory / f"{ORDER}.new"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"kind": kind, "prepared": prepared}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.directory / ORDER)
        _sync(self.directory)

    async def begin(self) -> None:
        """Raises FaultError, also where it has been ended: then it does not begin any more."""
        async with self._alone():
            order = self._read()
            if order is None:
                raise FaultError("the fault was ended before it could begin")
            await fault_kinds.load(order["kind"]).begin(order["prepared"])

    async def end(self) -> bool:
        """Whether there was something to end. Raises FaultError, and then there still is."""
        async with self._alone():
            order = self._read()
            if order is None:
                return False
            await fault_kinds.load(order["kind"]).end(order["prepared"])
            try:
                (self.directory / ORDER).unlink()
                _sync(self.directory)
            except OSError as error:
                raise FaultError(f"cannot remove {self.directory / ORDER}: {error}") from None
            return True

    def remove(self) -> None:
        """Forget it; only for what has been ended. Blocks."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _read(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.directory / ORDER).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise FaultError(f"cannot read {self.directory / ORDER}: {error}") from None
        return found

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """flock(2) on the directory: freed by the kernel with whoever holds it."""
        try:
            descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            yield
            return
        except OSError as error:
            raise FaultError(f"cannot open {self.directory}: {error}") from None
        try:
            while not _locked(descriptor):  # noqa: ASYNC110 - another process frees it
                await asyncio.sleep(_TRY_AGAIN_AFTER)
            yield
        finally:
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
