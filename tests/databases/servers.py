"""PostgreSQL of several versions, and a standby of one."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from opsbook.databases.engine import Engine, Patience, engine_kinds
from tests.servers import postgres as servers
from tests.servers.loopback import free_port
from tests.servers.postgres import Postgres, postgres
from tests.servers.process import running

PATIENCE = Patience(lock_wait=0.5, statement_time=20)
_WITH_STATEMENTS = ("15", "17")
"""Those of Debian, which have pg_stat_statements and pgstattuple."""


@contextlib.contextmanager
def postgres_of(version: str, **settings: str) -> Iterator[Postgres]:
    if version in _WITH_STATEMENTS:
        settings["shared_preload_libraries"] = "pg_stat_statements"
    with postgres(int(version), **settings) as server:
        yield server


@dataclass(frozen=True)
class Place:
    """A database of its own on a server."""

    server: Postgres

    def execute(self, *statements: str) -> None:
        self.server.execute(*statements)

    def url(self, user: str = "", password: str = "") -> str:
        login = f"{user or self.server.user}:{password or self.server.password}"
        return f"postgresql://{login}@127.0.0.1:{self.server.port}/{self.server.database}"

    def engine(self, user: str = "", password: str = "") -> Engine:
        name = f"URL_{uuid.uuid4().hex}"
        os.environ[name] = self.url(user, password)
        return self.engine_at(f"env:{name}")

    @staticmethod
    def engine_at(secret: str) -> Engine:
        return engine_kinds.load("postgres").model_validate({"database": secret})

    def value(self, query: str) -> object:
        with self.server.connect() as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def database(server: Postgres) -> Place:
    """Never dropped, for that takes a checkpoint each time; it goes with its server."""
    name = f"t{uuid.uuid4().hex[:12]}"
    server.execute(f"CREATE DATABASE {name}")
    return Place(replace(server, database=name))


@contextlib.contextmanager
def standby(of: Postgres) -> Iterator[Postgres]:
    """A server that follows another."""
    home = Path(tempfile.mkdtemp(prefix="opsbook-standby-"))
    account = servers._account()
    if account is not None:
        os.chown(home, account, -1)
    server = replace(of, port=free_port(), directory=home / "data")
    who = {} if account is None else {"user": account, "group": account, "extra_groups": []}
    copy = [str(of.binaries / "pg_basebackup"), "-D", str(server.directory), "-R"]
    copy += ["-c", "fast", "--no-sync"]
    try:
        subprocess.run(copy, env=of.environment, cwd=home, check=True, **who)  # type: ignore[call-overload]
        argv = [str(of.binaries / "postgres"), "-D", str(server.directory), "-c", "fsync=off"]
        argv += ["-c", f"port={server.port}", "-c", f"unix_socket_directories={home}"]
        argv += ["-c", "listen_addresses=127.0.0.1"]
        answers = partial(servers._answers, server)
        with running(argv, home, answers, stop=signal.SIGQUIT, user=account):
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)
