"""What an agent needs before it carries out anything."""

import json
from pathlib import Path
from typing import Any

import pytest

from opsbook.app.agent import Agent
from opsbook.app.book import read_book
from opsbook.core.errors import BadInputError
from opsbook.state.datadir import DataDir


def refused(directory: Path, host: str, **sections: Any) -> str:
    """What is said of an agent for this host."""
    file = directory / "book.yaml"
    file.write_text(json.dumps({"platform": {"name": "small"}, **sections}))
    with pytest.raises(BadInputError) as caught:
        Agent(read_book(file), host, DataDir(directory / "data"))
    assert not DataDir(directory / "data").in_use()
    return str(caught.value)


def test_a_host_that_the_book_does_not_name_is_refused_with_the_one_that_is_meant(
    tmp_path: Path,
) -> None:
    state = {"database": "postgresql://keeper@127.0.0.1:1/ops"}
    said = refused(tmp_path, "nroth", state=state, hosts={"north": {}})
    assert said == "no such host in the book's `hosts` (got 'nroth'): did you mean north?"


def test_on_sqlite_it_says_why_not(tmp_path: Path) -> None:
    said = refused(tmp_path, "north")
    assert "SQLite is a file of one machine" in said
    assert "name a PostgreSQL database in `state: database`" in said


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    state = {"database": "postgresql://keeper@127.0.0.1:1/ops"}
    said = refused(tmp_path, "north", state=state, hosts={"north": {}})
    assert "127.0.0.1:1/ops cannot be reached: " in said
