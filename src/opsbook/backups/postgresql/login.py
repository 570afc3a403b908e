"""How a database is reached, by us and by PostgreSQL's own programs; secrets stay in a file."""

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from opsbook.backups.source import SourceError, Work
from opsbook.backups.tools.flow import go_on, seconds_left
from opsbook.core.secrets import hidden, mask

Connection = psycopg.Connection[tuple[Any, ...]]

MAINTENANCE = "postgres"
"""The database that one connects to in order to work on another."""
_SERVICE = "opsbook"
SERVICE = f"--dbname=service={_SERVICE}"
"""By which PostgreSQL's programs connect as the environment of `Login.service` says."""
_SECRETS = ("password", "sslpassword")
_CONNECT_SECONDS = 10
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Login:
    """What libpq needs to know, by its own names."""

    parameters: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> "Login":
        """From a URL or `key=value` words. Raises SourceError, without repeating them."""
        try:
            found = conninfo_to_dict(text)
        except psycopg.Error:
            raise SourceError(
                "not the address of a PostgreSQL database; write postgresql://user@host:5432/name"
            ) from None
        parameters = {name: str(value) for name, value in found.items() if value is not None}
        for name in _SECRETS:
            hidden(parameters.get(name, ""))
        return cls(parameters)

    @property
    def subject(self) -> str:
        """For people: no user, no password."""
        where = self.parameters.get("host") or self.parameters.get("hostaddr") or "local"
        port = self.parameters.get("port", "5432")
        return f"{where}:{port}/{self.database}"

    @property
    def database(self) -> str:
        return self.parameters.get("dbname") or self.parameters.get("user") or "postgres"

    def at(self, database: str) -> "Login":
        """The same server, another database."""
        return Login({**self.parameters, "dbname": database})

    def open(self) -> Connection:
        """A connection that commits each statement at once. Raises psycopg.Error."""
        options: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS, **self.parameters}
        return psycopg.connect(
            **options, autocommit=True, client_encoding="utf8", application_name="opsbook"
        )

    @contextmanager
    def connected(self, work: Work) -> Iterator[Connection]:
        """A connection whose queries end with the work. Raises SourceError."""
        try:
            with self.open() as connection, _heeding(connection, work):
                yield connection
        except psycopg.Error as error:
            go_on(work, self.subject)
            raise self.told(error) from None

    def told(self, error: psycopg.Error) -> SourceError:
        return SourceError(mask(f"{self.subject}: {' '.join(str(error).split())}"))

    @contextmanager
    def service(self, directory: Path) -> Iterator[dict[str, str]]:
        """Environment with which libpq's programs reach it: no secret is in it nor in words.

        A service file (https://www.postgresql.org/docs/current/libpq-pgservice.html) has no
        quotes: a value is what stands between the first `=` and the end of the line.
        """
        path = directory / f"service-{os.urandom(4).hex()}.conf"
        lines = [f"[{_SERVICE}]", *(f"{key}={value}" for key, value in self.parameters.items())]
        if any("\n" in line for line in lines):
            raise SourceError(f"{self.subject}: its address has a line break")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            yield {"PGSERVICEFILE": str(path), "PGSERVICE": _SERVICE, "PGAPPNAME": "opsbook"}
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _heeding(connection: Connection, work: Work) -> Iterator[None]:
    """Cancel what the server does for us once the work is over."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_LOOK_SECONDS):
            if work.stopping.is_set() or seconds_left(work) <= 0:
                with contextlib.suppress(psycopg.Error):
                    connection.cancel_safe(timeout=_CONNECT_SECONDS)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
