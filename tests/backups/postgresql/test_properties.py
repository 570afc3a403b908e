"""What a database has of its own, as it is kept."""

from typing import Any

import pytest

from opsbook.backups.postgresql.properties import Grant, Properties, Setting
from opsbook.backups.source import SourceError

_CONNECT = Grant(to=None, privilege="CONNECT")
_READER = Grant(to="reader", privilege="CONNECT", grantable=True)


def known(**changes: Any) -> Properties:
    plain = {"owner": "ada", "limit": -1, "template": False, "tablespace": "pg_default"}
    return Properties.model_validate(
        {**plain, "comment": None, "grants": None, "settings": [], **changes}
    )


def test_what_is_kept_is_read_again() -> None:
    setting = Setting(role="reader", name="app.token", value='it\'s\n"odd"')
    kept = known(comment="ö", grants=[_CONNECT, _READER], settings=[setting], roles=["ada"])
    assert Properties.parse(kept.render(), "shop") == kept


@pytest.mark.parametrize("written", [b"", b"{}", b"[1]", b'{"owner": 1}', b"\xff"])
def test_what_is_none_of_ours_cannot_be_read(written: bytes) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        Properties.parse(written, "shop")


def test_what_does_not_come_back_is_said() -> None:
    said = known(template=True, tablespace="fast").remarks
    assert "tablespace fast" in said[0]
    assert "template" in said[1]
    assert known().remarks == []


@pytest.mark.parametrize(
    ("grants", "private"), [(None, False), ([], True), ([_READER], True), ([_CONNECT], False)]
)
def test_it_is_private_where_not_everybody_may_connect(
    grants: list[Grant] | None, private: bool
) -> None:
    assert known(grants=grants).is_private is private


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("work_mem", "9MB", "'9MB'"),
        ("app.list", '"a", b', "'\"a\", b'"),
        ("search_path", "public", "'public'"),
        ("search_path", '"$user", "odd, ""name", public', "'$user', 'odd, \"name', 'public'"),
        ("search_path", '""', "''"),
        ("temp_tablespaces", "", "''"),
    ],
)
def test_lists_are_written_element_by_element(name: str, value: str, written: str) -> None:
    assert Setting(role=None, name=name, value=value).literals.as_string() == written
