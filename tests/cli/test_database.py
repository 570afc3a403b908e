"""Which database a command takes."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from opsbook.cli.database import database_of
from opsbook.core.errors import BadInputError
from opsbook.state.database import connect, sqlite_url
from opsbook.state.datadir import DataDir
from tests.servers.postgres import postgres


def name_of(engine: Engine) -> str:
    engine.dispose()
    return engine.dialect.name


def test_it_is_that_of_the_data_directory(tmp_path: Path) -> None:
    connect(sqlite_url(tmp_path / "state.db")).dispose()
    book = tmp_path / "book.yaml"
    book.write_text("platform: {name: small}\n")
    assert name_of(database_of(DataDir(tmp_path), None)) == "sqlite"
    assert name_of(database_of(DataDir(tmp_path), book)) == "sqlite"


def test_or_the_one_that_the_book_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = tmp_path / "book.yaml"
    book.write_text("platform: {name: small}\nstate: {database: env:STATE_URL}\n")
    with postgres() as server:
        login = f"{server.user}:{server.password}@{server.host}:{server.port}"
        monkeypatch.setenv("STATE_URL", f"postgresql://{login}/{server.database}")
        connect(f"postgresql+psycopg://{login}/{server.database}").dispose()
        assert name_of(database_of(DataDir(tmp_path), book)) == "postgresql"
    assert list(tmp_path.iterdir()) == [book]


def test_where_there_is_none_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nothing was watched on .*none yet.*--book"):
        database_of(DataDir(tmp_path / "none"), None)
    assert list(tmp_path.iterdir()) == []
