"""A PostgreSQL that tests take away and give back, with what it had on its disk."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.servers.postgres import Postgres, postgres
from tests.servers.process import accepts, running, wait_until


class Crashing:
    """A running server, and its end and return."""

    def __init__(self, server: Postgres, servers: contextlib.ExitStack) -> None:
        self.server = server
        self._servers = servers
        self._argv = Path(f"/proc/{self._pid()}/cmdline").read_bytes().decode().split("\0")[:-1]

    def crash(self) -> None:
        """All its processes end at once, as after a failure; on return nobody listens."""
        os.kill(self._pid(), signal.SIGQUIT)
        wait_until(lambda: not accepts(self.server.port))

    def start(self) -> None:
        """The same server again; on return it lets clients in."""
        home = self.server.directory.parent
        account = home.stat().st_uid or None
        self._servers.enter_context(
            running(self._argv, home, self._answers, stop=signal.SIGINT, user=account)
        )

    def _pid(self) -> int:
        return int((self.server.directory / "postmaster.pid").read_text().split()[0])

    def _answers(self) -> bool:
        try:
            self.server.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextlib.contextmanager
def crashing_postgres() -> Iterator[Crashing]:
    """Start one, to be crashed and started again within the block."""
    with contextlib.ExitStack() as servers:
        # What it said was committed is there afterwards.
        server = servers.enter_context(postgres(synchronous_commit="on"))
        yield Crashing(server, servers)
