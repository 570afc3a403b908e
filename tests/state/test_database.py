"""The database and its schema."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import opsbook.state
from opsbook.core.errors import BadInputError
from opsbook.state.database import HEAD, connect, reading, sqlite_url
from opsbook.state.tables import metadata


def test_the_schema_that_is_known_is_the_newest_there_is() -> None:
    config = Config()
    folder = Path(opsbook.state.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_migrations_make_the_tables_that_the_code_sees(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "state.db"))
    made = inspect(engine)
    for table in metadata.sorted_tables:
        columns = {column["name"] for column in made.get_columns(table.name)}
        assert columns == {column.name for column in table.columns}
    engine.dispose()


def test_a_newer_schema_refuses_to_start_and_says_what_to_do(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "state.db")
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(BadInputError, match="install the newer opsbook"):
        connect(url)


def test_a_reader_holds_no_writer_up(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "state.db"))
    with reading(engine) as reader:
        before = reader.execute(text("SELECT count(*) FROM ledger_head")).scalar()
        with engine.begin() as writer:
            writer.execute(text("INSERT INTO ledger_head VALUES (1, 0, 'x')"))
        assert reader.execute(text("SELECT count(*) FROM ledger_head")).scalar() == before
    engine.dispose()
