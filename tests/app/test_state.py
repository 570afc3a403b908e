"""The state of a platform on PostgreSQL."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.app.state import State
from opsbook.core.errors import BadInputError
from opsbook.durable.lock import TakenError
from opsbook.state.database import HEAD, connect
from opsbook.state.settings import StateSettings
from tests.durable.databases import fresh_database
from tests.servers.loopback import free_port
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture
def settings(server: Postgres) -> StateSettings:
    return StateSettings(database=fresh_database(server))


def test_one_database_is_for_one_process(settings: StateSettings, tmp_path: Path) -> None:
    first = State(settings, tmp_path / "state.db", "small")
    try:
        with pytest.raises(
            TakenError, match=r"another opsbook writes to .*one database is for one"
        ):
            State(settings, tmp_path / "state.db", "small")
    finally:
        first.close()
    State(settings, tmp_path / "state.db", "small").close()


def test_one_that_cannot_be_reached_is_named_with_what_to_do(tmp_path: Path) -> None:
    port = free_port()
    settings = StateSettings(database=f"postgresql://keeper:pg-s3cret-pass@127.0.0.1:{port}/ops")
    with pytest.raises(BadInputError) as caught:
        State(settings, tmp_path / "state.db", "small")
    assert f"127.0.0.1:{port}/ops cannot be reached: " in str(caught.value)
    assert "start it, or mend `state: database` in the book" in str(caught.value)
    assert "pg-s3cret-pass" not in str(caught.value)


def test_one_that_never_answers_is_not_waited_for_long(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        settings = StateSettings(database=f"postgresql://keeper@127.0.0.1:{port}/ops")
        with pytest.raises(BadInputError, match="cannot be reached"):
            State(settings, tmp_path / "state.db", "small")


def test_only_who_writes_makes_the_tables(settings: StateSettings, tmp_path: Path) -> None:
    url = settings.url(tmp_path)
    with pytest.raises(BadInputError, match=f"has schema none, this opsbook knows {HEAD}; start"):
        connect(url, migrate=False)
    State(settings, tmp_path / "state.db", "small").close()
    connect(url, migrate=False).dispose()
