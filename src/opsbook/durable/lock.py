"""Who may carry runs: one process for each name of a carrier, and nobody by accident."""

import contextlib
import fcntl
import hashlib
import os
from abc import ABC, abstractmethod
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from opsbook.core.errors import BadInputError
from opsbook.state.database import PATIENCE, over_the_network

# The server's own names of them, with its prefix (PostgreSQL, "TCP Settings").
_PATIENCE_OF_SERVER = {
    name if name.startswith("tcp_") else f"tcp_{name}": str(value)
    for name, value in PATIENCE.items()
}


class TakenError(BadInputError):
    """Another process carries the runs."""


class CarrierLock(ABC):
    """Held for as long as runs are carried. All of it blocks."""

    @abstractmethod
    def take(self) -> None:
        """Raises TakenError if another process has it."""

    @abstractmethod
    def keep(self) -> str | None:
        """Why it is not held at the moment, or None. Raises TakenError if another has it."""

    @abstractmethod
    def release(self) -> None: ...


class FileLock(CarrierLock):
    """A locked file beside the database; the kernel frees it with the process (flock(2))."""

    def __init__(self, file: Path, name: str) -> None:
        self._file = file
        self._name = name
        self._descriptor: int | None = None

    def take(self) -> None:
        # Close-on-exec is Python's default: a command started here must not hold it.
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise _taken(self._name, str(self._file)) from None
        self._descriptor = descriptor

    def keep(self) -> str | None:
        return None if self._descriptor is not None else "released"

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class AdvisoryLock(CarrierLock):
    """An advisory lock of PostgreSQL on a connection of its own, and lost with it."""

    def __init__(self, url: URL, name: str) -> None:
        self._name = name
        self._where = url.render_as_string(hide_password=True)
        digest = hashlib.sha256(f"opsbook runs {name}".encode()).digest()
        self._key = int.from_bytes(digest[:8], signed=True)
        self._engine: Engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            connect_args=over_the_network(f"opsbook runs of {name}"),
        )
        self._connection: Connection | None = None

    def take(self) -> None:
        connection = self._engine.connect()
        # It is the server that holds the lock: it must miss a carrier that the network hides.
        for name, value in _PATIENCE_OF_SERVER.items():
            setting = {"name": name, "value": value}
            connection.execute(text("SELECT set_config(:name, :value, false)"), setting)
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key})
        if not taken.scalar():
            connection.close()
            raise _taken(self._name, self._where)
        self._connection = connection

    def keep(self) -> str | None:
        try:
            if self._connection is None:
                self.take()
            else:
                self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            self._drop()
            return f"the lock on the database of runs is lost: {getattr(error, 'orig', error)}"
        return None

    def release(self) -> None:
        if self._connection is not None:
            # A server that is busy notices late that a connection is gone.
            with contextlib.suppress(SQLAlchemyError):
                self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
        self._drop()
        self._engine.dispose()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def carrier_lock(url: URL, name: str) -> CarrierLock:
    """The lock that goes with a database of runs."""
    if url.get_backend_name() != "sqlite":
        return AdvisoryLock(url, name)
    return FileLock(Path(url.database or "").with_suffix(".lock"), name)


def _taken(name: str, where: str) -> TakenError:
    return TakenError(
        f"another opsbook carries the runs of {name!r} on {where}; "
        "stop that one, or give this one a name of its own"
    )
