"""Where a book says that its state is kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from opsbook.app.book import read_book
from opsbook.book.problems import BookError
from opsbook.core.secrets import mask


def book_with(directory: Path, **sections: Any) -> Path:
    file = directory / "book.yaml"
    file.write_text(json.dumps({"platform": {"name": "small"}, **sections}), encoding="utf-8")
    return file


def problem(directory: Path, **sections: Any) -> str:
    with pytest.raises(BookError) as caught:
        read_book(book_with(directory, **sections))
    return str(caught.value)


def test_it_is_in_the_data_directory_where_the_book_says_nothing(tmp_path: Path) -> None:
    state = read_book(book_with(tmp_path)).state
    assert not state.shared
    assert state.url(tmp_path / "state.db").database == str(tmp_path / "state.db")


def test_a_url_may_be_kept_as_a_secret_and_its_password_is_masked_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_URL", "postgresql://keeper:hunter-in-tests@db:5433/ops")
    state = read_book(book_with(tmp_path, state={"database": "env:STATE_URL"})).state
    url = state.url(tmp_path / "state.db")
    assert (url.drivername, url.host, url.port, url.database) == (
        "postgresql+psycopg",
        "db",
        5433,
        "ops",
    )
    assert mask("login with hunter-in-tests failed") == "login with *** failed"


def test_a_password_in_the_book_is_refused_and_not_repeated(tmp_path: Path) -> None:
    said = problem(tmp_path, state={"database": "postgresql://keeper:open-sesame@db/ops"})
    assert "state.database: a password stands in the book, keep the whole URL elsewhere" in said
    assert "open-sesame" not in said


@pytest.mark.parametrize("url", ["mysql://db/ops", "postgresql://db", "a database", "sqlite:///x"])
def test_what_is_no_url_of_a_database_is_refused(tmp_path: Path, url: str) -> None:
    said = problem(tmp_path, state={"database": url})
    assert "state.database: not the URL of a" in said
    assert "write postgresql://user@host:5432/opsbook" in said


def test_a_missing_secret_is_told_once(tmp_path: Path) -> None:
    said = problem(tmp_path, state={"database": "env:NO_SUCH_STATE_URL"})
    assert said.count("NO_SUCH_STATE_URL is missing") == 1
    assert len(said.splitlines()) == 1


def test_further_hosts_need_a_database_that_they_can_reach(tmp_path: Path) -> None:
    said = problem(tmp_path, hosts={"db1": {}})
    assert "hosts: steps of further hosts need a database that their agents can reach" in said
    assert read_book(
        book_with(tmp_path, state={"database": "postgresql://keeper@db/ops"}, hosts={"db1": {}})
    ).hosts.keys() == {"db1"}
