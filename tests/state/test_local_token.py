"""The token in the data directory."""

import getpass
import os
import stat
from pathlib import Path

import pytest

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import inherited_environment
from opsbook.state.local_token import LocalToken, name_of_user, token_file
from opsbook.state.people import Person, Role


def test_whoever_may_read_the_file_is_its_owner_as_admin(tmp_path: Path) -> None:
    token = LocalToken(tmp_path)
    text = token_file(tmp_path).read_text().strip()
    assert token.check(text) == Person(name_of_user(os.geteuid()), Role.ADMIN)
    assert token.check(f"{text}x") is None


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        LocalToken(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(token_file(tmp_path).stat().st_mode) == 0o600


def test_each_process_has_another_token(tmp_path: Path) -> None:
    LocalToken(tmp_path)
    before = token_file(tmp_path).read_text().strip()
    assert LocalToken(tmp_path).check(before) is None


def test_a_file_left_by_a_kill_is_no_hindrance_and_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("keep")
    (tmp_path / "token.new").symlink_to(other)
    (tmp_path / "token").symlink_to(other)
    LocalToken(tmp_path)
    assert other.read_text() == "keep"
    assert not token_file(tmp_path).is_symlink()


def test_the_file_is_gone_at_the_end(tmp_path: Path) -> None:
    LocalToken(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"token cannot be written: No such file"):
        LocalToken(tmp_path / "none")


def test_a_user_whom_the_system_does_not_know_has_a_name() -> None:
    assert name_of_user(os.getuid()) == getpass.getuser()
    assert name_of_user(987_654) == "uid-987654"


def test_no_service_inherits_somebodys_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSBOOK_TOKEN", "opsbook_x")
    assert "OPSBOOK_TOKEN" not in inherited_environment()
