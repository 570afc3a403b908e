"""People with passwords, in both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from opsbook.core.clock import ManualClock
from opsbook.core.errors import BadInputError
from opsbook.state.database import reading
from opsbook.state.people import Person, Role
from opsbook.state.users import Users, users
from tests.servers.postgres import Postgres, postgres
from tests.state.databases import each_database

GOOD, OTHER = "correct horse battery staple", "another horse entirely"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with each_database(request, tmp_path, users) as engine:
        yield engine


@pytest.fixture
def known(engine: Engine) -> Users:
    known = Users(engine, ManualClock())
    known.add("ada", Role.OPERATOR, GOOD)
    return known


def test_somebody_signs_in_with_their_password_and_with_no_other(known: Users) -> None:
    found = known.check("ada", GOOD)
    assert found is not None
    assert found.person == Person("ada", Role.OPERATOR)
    for password in (OTHER, "", GOOD.upper()):
        assert known.check("ada", password) is None


def test_a_name_that_nobody_has_signs_nobody_in(known: Users) -> None:
    assert known.check("bob", GOOD) is None
    assert known.check("", "") is None


def test_no_password_is_kept(known: Users, engine: Engine) -> None:
    with reading(engine) as connection:
        (row,) = connection.execute(users.select()).all()
    assert GOOD not in repr(row)


def test_a_name_is_taken_once(known: Users) -> None:
    with pytest.raises(BadInputError, match="ada is a user already; `opsbook user password ada`"):
        known.add("ada", Role.ADMIN, OTHER)
    assert known.check("ada", OTHER) is None


@pytest.mark.parametrize("name", ["", "ada lovelace", "-x", "ada (through root)"])
def test_what_is_no_name_is_nobodys(engine: Engine, name: str) -> None:
    with pytest.raises(BadInputError, match="not a name"):
        Users(engine, ManualClock()).add(name, Role.VIEWER, GOOD)


def test_another_password_replaces_the_first(known: Users) -> None:
    before = known.find("ada")
    known.set_password("ada", OTHER)
    after = known.check("ada", OTHER)
    assert before is not None
    assert after is not None
    assert (known.check("ada", GOOD), after.password_id == before.password_id) == (None, False)


def test_who_is_disabled_does_not_sign_in_until_enabled(known: Users) -> None:
    known.set_disabled("ada", True)
    assert known.check("ada", GOOD) is None
    known.set_disabled("ada", False)
    assert known.check("ada", GOOD) is not None


def test_who_is_removed_is_nobody(known: Users) -> None:
    known.remove("ada")
    assert (known.check("ada", GOOD), known.list()) == (None, [])


def test_what_is_done_to_nobody_is_told(engine: Engine) -> None:
    known = Users(engine, ManualClock())
    for change in (
        lambda: known.remove("bob"),
        lambda: known.set_password("bob", GOOD),
        lambda: known.set_disabled("bob", True),
    ):
        with pytest.raises(BadInputError, match="nobody is called bob; see `opsbook user list`"):
            change()
