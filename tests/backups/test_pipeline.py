"""The whole way of a PostgreSQL database: into an encrypted backup, and back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]
import pytest

from opsbook.backups.listing import Found
from opsbook.backups.settings import backup_settings_for
from opsbook.backups.vault import Vault
from opsbook.backups.verification import Depth
from opsbook.core.clock import SystemClock
from opsbook.state.database import connect, sqlite_url
from tests.backups.scene import place
from tests.servers.postgres import Postgres, postgres

HALT = threading.Event()
ROWS = 20_000
FILL = (
    "CREATE TABLE orders (id bigint PRIMARY KEY, what jsonb)",
    """
    INSERT INTO orders SELECT n, jsonb_build_object('what', md5(n::text))
    FROM generate_series(1, 20000) AS n
    """,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as started:
        started.execute(*FILL)
        yield started


@contextmanager
def vault(directory: Path, server: Postgres, format_: str = "custom") -> Iterator[Vault]:
    identity = pyrage.x25519.Identity.generate()
    key = directory / "key"
    key.write_text(f"{identity}\n")
    login = f"{server.user}:{server.password}@{server.host}:{server.port}"
    url = f"postgresql://{login}/{server.database}"
    section: dict[str, Any] = {
        "recipients": [str(identity.to_public())],
        "identity": f"file:{key}",
        "destinations": {"a": place(directory / "a")},
        "sets": {
            "shop": {
                "postgres": {
                    "database": url,
                    "rehearse_on": url,
                    "bin": str(server.binaries),
                    "format": format_,
                },
                "to": ["a"],
                "drill": {
                    "assertions": [
                        {"query": "SELECT count(*) FROM orders", "value": {"at_least": ROWS}}
                    ]
                },
            }
        },
    }
    settings = backup_settings_for(section).model_validate(section)
    engine = connect(sqlite_url(directory / "state.db"))
    made = Vault("shop", settings, engine, directory / "scratch", SystemClock())
    try:
        yield made
    finally:
        made.close()
        engine.dispose()


def made(found: Vault) -> dict[str, Any]:
    return found.make("shop", found.begin("shop"), "daily", HALT)


def only(found: Vault) -> Found:
    copies = found.listed("shop")["a"]
    assert isinstance(copies, list)
    assert len(copies) == 1
    return copies[0]


@pytest.mark.parametrize("format_", ["custom", "directory"])
def test_a_table_that_changes_meanwhile_comes_back_as_it_was_counted(
    tmp_path: Path, server: Postgres, format_: str
) -> None:
    over = threading.Event()

    def write() -> None:
        with server.connect() as connection:
            while not over.wait(0.002):
                connection.execute("INSERT INTO orders SELECT max(id) + 1, '{}' FROM orders")

    writer = threading.Thread(target=write)
    with vault(tmp_path, server, format_) as found:
        writer.start()
        try:
            told = made(found)
        finally:
            over.set()
            writer.join()
        assert told["good"] == ["a"], told
        verdict = found.verify("shop", "a", only(found).id, Depth.RESTORE, HALT)
    assert verdict.ok, verdict
    assert verdict.evidence["counts_compared"] >= 1
    assert verdict.evidence["schema_compared"]
    assert verdict.evidence["assertions"][0]["actual"] >= ROWS
    with server.connect() as connection:
        left = connection.execute("SELECT datname FROM pg_database").fetchall()
    assert [name for (name,) in left if name.startswith("opsbook")] == []


def test_a_server_that_dies_in_the_middle_makes_no_backup(tmp_path: Path) -> None:
    with postgres() as dying:
        dying.execute(*FILL)
        with vault(tmp_path, dying) as found:
            killed = threading.Event()
            real = found._destinations["a"].upload

            def upload(name: str) -> Any:
                begun = real(name)
                if not killed.is_set():
                    killed.set()
                    with dying.connect() as connection:
                        connection.execute(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                        )
                return begun

            object.__setattr__(found._destinations["a"], "upload", upload)
            told = made(found)
            assert told["good"] == []
            assert "reading" in told["errors"]["a"]
            assert found.listed("shop")["a"] == []
