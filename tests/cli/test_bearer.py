"""Which token a command sends, and where it sends none."""

from pathlib import Path

import pytest

from opsbook.cli.bearer import bearer
from opsbook.core.errors import BadInputError
from opsbook.state.datadir import DataDir
from opsbook.state.local_token import LocalToken

HERE = "http://127.0.0.1:7070"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataDir:
    monkeypatch.delenv("OPSBOOK_TOKEN", raising=False)
    return DataDir(tmp_path)


def test_somebodys_own_token_goes_before_that_of_the_directory(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    LocalToken(data.path)
    assert bearer(HERE, data) == (data.path / "token").read_text().strip()
    monkeypatch.setenv("OPSBOOK_TOKEN", "opsbook_mine")
    assert bearer(HERE, data) == "opsbook_mine"


def test_where_there_is_none_it_is_told_how_to_get_one(data: DataDir) -> None:
    with pytest.raises(BadInputError, match=r"token cannot be read \(No such.*opsbook token add"):
        bearer(HERE, data)
    with pytest.raises(BadInputError, match=r"needs a token; on that machine, make.*opsbook token"):
        bearer(HERE, None)


def test_no_token_leaves_the_machine_unencrypted(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSBOOK_TOKEN", "opsbook_mine")
    with pytest.raises(BadInputError, match="is not sent where others can read it") as refused:
        bearer("http://192.0.2.1:7070", data)
    assert "opsbook_mine" not in str(refused.value)


def test_with_tls_it_travels(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSBOOK_TOKEN", "opsbook_mine")
    assert bearer("https://ops.example:7070", data) == "opsbook_mine"
