from pathlib import Path

import pytest

from opsbook.backups.postgresql.login import Login
from opsbook.backups.source import SourceError

_URL = "postgresql://ada:p%40ss-word@db.example.org:6543/shop?sslmode=require"


def test_the_subject_has_no_secret() -> None:
    assert Login.parse(_URL).subject == "db.example.org:6543/shop"


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(SourceError) as raised:
        Login.parse("postgresql://ada:s3cret@[broken/shop")
    assert "s3cret" not in str(raised.value)


def test_programs_get_a_file_that_only_this_user_may_read(tmp_path: Path) -> None:
    with Login.parse(_URL).service(tmp_path) as environment:
        file = Path(environment["PGSERVICEFILE"])
        assert file.stat().st_mode & 0o777 == 0o600
        assert "password=p@ss-word" in file.read_text()
        assert "p@ss-word" not in repr(environment)
    assert list(tmp_path.iterdir()) == []


def test_a_line_break_cannot_add_a_setting(tmp_path: Path) -> None:
    login = Login({"host": "here\nhostaddr=10.0.0.1"})
    with pytest.raises(SourceError, match="line break"), login.service(tmp_path):
        pass
