"""Tokens, in both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from opsbook.core.clock import ManualClock
from opsbook.core.errors import BadInputError
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.people import Person, Role
from opsbook.state.token_text import hash_of, id_of
from opsbook.state.tokens import Tokens, tokens
from tests.servers.postgres import Postgres, postgres
from tests.state.databases import each_database

DAY = 86_400.0


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty table in each of the databases."""
    with each_database(request, tmp_path, tokens) as engine:
        yield engine


def test_a_token_tells_who_bears_it(engine: Engine) -> None:
    known = Tokens(engine, ManualClock())
    ada, bob = known.issue("ada", Role.OPERATOR), known.issue("bob", Role.VIEWER)
    assert known.check(ada) == Person("ada", Role.OPERATOR)
    assert known.check(bob) == Person("bob", Role.VIEWER)


@pytest.mark.parametrize("change", [lambda text: text[:-1], str.upper, lambda text: text + "x"])
def test_what_is_not_wholly_the_token_is_nobodys(engine: Engine, change: type) -> None:
    known = Tokens(engine, ManualClock())
    assert known.check(change(known.issue("ada", Role.ADMIN))) is None


def test_its_hash_and_its_id_are_no_token(engine: Engine) -> None:
    known = Tokens(engine, ManualClock())
    hashed = hash_of(known.issue("ada", Role.ADMIN))
    for text in (hashed, f"opsbook_{hashed}", id_of(hashed), "", "opsbook_"):
        assert known.check(text) is None


def test_nothing_kept_gives_the_token_back(engine: Engine) -> None:
    text = Tokens(engine, ManualClock()).issue("ada", Role.ADMIN)
    with reading(engine) as connection:
        (row,) = connection.execute(tokens.select()).all()
    assert text.removeprefix("opsbook_") not in repr(row)


def test_a_token_ends_when_it_expires(engine: Engine) -> None:
    clock = ManualClock()
    known = Tokens(engine, clock)
    text = known.issue("ada", Role.OPERATOR, clock.now() + DAY)
    clock.advance(DAY - 1)
    assert known.check(text) is not None
    clock.advance(1)
    assert known.check(text) is None
    assert known.list()[0].expired(clock.now())


def test_a_revoked_token_is_nobodys_for_those_who_knew_it_too(engine: Engine) -> None:
    running, command = Tokens(engine, ManualClock()), Tokens(engine, ManualClock())
    text = running.issue("ada", Role.OPERATOR)
    assert running.check(text) is not None
    assert [each.bearer.name for each in command.revoke("ada")] == ["ada"]
    assert running.check(text) is None


def test_one_of_two_tokens_of_a_name_is_revoked_by_its_id(engine: Engine) -> None:
    known = Tokens(engine, ManualClock())
    old, new = known.issue("ada", Role.OPERATOR), known.issue("ada", Role.OPERATOR)
    assert [each.id for each in known.revoke(id_of(hash_of(old)))] == [id_of(hash_of(old))]
    assert (known.check(old), known.check(new)) == (None, Person("ada", Role.OPERATOR))


def test_what_is_neither_name_nor_id_revokes_nothing(engine: Engine) -> None:
    known = Tokens(engine, ManualClock())
    text = known.issue("ada", Role.OPERATOR)
    for which in ("ad", "", "%", hash_of(text)[:4], "bob"):
        assert known.revoke(which) == []
    assert known.check(text) is not None


def test_the_last_use_is_noted_at_most_once_a_minute(engine: Engine) -> None:
    clock = ManualClock()
    known = Tokens(engine, clock)
    text, written = known.issue("ada", Role.OPERATOR), []

    @event.listens_for(engine, "before_cursor_execute")
    def _(*given: object) -> None:
        written.extend([text for text in given if str(text).startswith("UPDATE tokens")])

    assert known.list()[0].last_used_at is None
    begun = clock.now()
    for _second in range(60):
        known.check(text)
        clock.advance(1)
    assert (known.list()[0].last_used_at, len(written)) == (begun, 1)
    known.check(text)
    assert (known.list()[0].last_used_at, len(written)) == (begun + 60, 2)


@pytest.mark.parametrize("name", ["", "ada lovelace", "-x", "a" * 101, "ada (through root)"])
def test_what_is_no_name_gets_no_token(engine: Engine, name: str) -> None:
    known = Tokens(engine, ManualClock())
    with pytest.raises(BadInputError, match="not a name"):
        known.issue(name, Role.OPERATOR)
    assert known.list() == []


def test_a_token_counts_while_its_use_cannot_be_noted(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "state.db"))
    known = Tokens(engine, ManualClock())
    text = known.issue("ada", Role.OPERATOR)
    engine.dispose()
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only = ON"))
    assert known.check(text) == Person("ada", Role.OPERATOR)
    assert known.list()[0].last_used_at is None
    engine.dispose()
