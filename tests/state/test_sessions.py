"""Sessions, in both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select

from opsbook.core.clock import ManualClock
from opsbook.state.database import reading
from opsbook.state.people import Person, Role
from opsbook.state.sessions import IDLE, LONGEST, Sessions, csrf_of, sessions
from opsbook.state.users import Users, users
from tests.servers.postgres import Postgres, postgres
from tests.state.databases import each_database

ADA, BOB = Person("ada", Role.OPERATOR), Person("bob", Role.VIEWER)
GOOD, OTHER = "correct horse battery staple", "another horse entirely"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with each_database(request, tmp_path, sessions, users) as engine:
        yield engine


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def begun(engine: Engine, clock: ManualClock) -> Sessions:
    return Sessions(engine, clock)


def begin(begun: Sessions, person: Person = ADA) -> str:
    return begun.begin(person, "code", "192.0.2.7", "a browser")


def test_a_session_tells_whose_it_is_and_where_it_began(
    begun: Sessions, clock: ManualClock
) -> None:
    found = begun.check(begin(begun))
    assert found is not None
    assert (found.person, found.way, found.address) == (ADA, "code", "192.0.2.7")
    assert (found.agent, found.expires_at) == ("a browser", clock.now() + LONGEST)


def test_what_is_not_wholly_its_text_is_nobodys(begun: Sessions) -> None:
    text = begin(begun)
    known = begun.check(text)
    assert known is not None
    for wrong in ("", text[:-1], text + "x", known.id, csrf_of(text)):
        assert begun.check(wrong) is None


def test_nothing_kept_gives_the_text_back(begun: Sessions, engine: Engine) -> None:
    text = begin(begun)
    with reading(engine) as connection:
        (row,) = connection.execute(sessions.select()).all()
    assert text not in repr(row)
    assert csrf_of(text) not in repr(row)


def test_it_ends_after_half_a_day_without_a_request(begun: Sessions, clock: ManualClock) -> None:
    text = begin(begun)
    for _ in range(3):
        clock.advance(IDLE - 1)
        assert begun.check(text) is not None
    clock.advance(IDLE)
    assert begun.check(text) is None


def test_it_ends_after_a_week_however_busy(begun: Sessions, clock: ManualClock) -> None:
    text = begin(begun)
    for _ in range(int(LONGEST / 3600) - 1):
        clock.advance(3600)
        assert begun.check(text) is not None
    clock.advance(3600)
    assert begun.check(text) is None


def test_being_there_is_noted_at_most_once_a_minute(
    begun: Sessions, engine: Engine, clock: ManualClock
) -> None:
    text, written = begin(begun), []

    @event.listens_for(engine, "before_cursor_execute")
    def _(*given: object) -> None:
        written.extend([text for text in given if str(text).startswith("UPDATE sessions")])

    for _second in range(61):
        begun.check(text)
        clock.advance(1)
    assert len(written) == 1


def test_one_is_ended_by_its_id_and_all_by_their_name(begun: Sessions) -> None:
    first, second, bobs = begin(begun), begin(begun), begin(begun, BOB)
    known = begun.check(first)
    assert known is not None
    assert [each.id for each in begun.end(known.id)] == [known.id]
    assert (begun.check(first), begun.check(second) is None) == (None, False)
    assert [each.person for each in begun.end("ada")] == [ADA]
    assert (begun.check(second), begun.check(bobs) is None) == (None, False)


def test_nobody_ends_those_of_others(begun: Sessions) -> None:
    text = begin(begun)
    known = begun.check(text)
    assert known is not None
    assert begun.end(known.id, "bob") == begun.end("ada", "bob") == []
    assert begun.check(text) is not None


def test_they_are_listed_by_name_or_for_one_person(begun: Sessions) -> None:
    begin(begun, BOB)
    begin(begun)
    assert [each.person.name for each in begun.list()] == ["ada", "bob"]
    assert [each.person.name for each in begun.list("bob")] == ["bob"]


def test_nobody_has_more_than_fifty_and_none_that_ended_is_kept(
    begun: Sessions, engine: Engine, clock: ManualClock
) -> None:
    oldest, bobs = begin(begun), begin(begun, BOB)
    for _ in range(50):
        clock.advance(1)
        begin(begun)
    assert (len(begun.list("ada")), begun.check(oldest)) == (50, None)
    assert begun.check(bobs) is not None
    clock.advance(LONGEST)
    begin(begun)
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(sessions)).scalar() == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda users: users.remove("ada"),
        lambda users: users.set_disabled("ada", True),
        lambda users: users.set_password("ada", OTHER),
    ],
)
def test_one_that_a_password_began_ends_with_it(
    begun: Sessions, engine: Engine, clock: ManualClock, change: Callable[[Users], None]
) -> None:
    known = Users(engine, clock)
    known.add("ada", Role.OPERATOR, GOOD)
    signed_in = known.check("ada", GOOD)
    assert signed_in is not None
    text = begun.begin(ADA, "password", "", "", signed_in.password_id)
    assert begun.check(text) is not None
    change(known)
    assert (begun.check(text), begun.list()) == (None, [])


def test_one_who_is_removed_and_comes_again_has_no_session_from_before(
    begun: Sessions, engine: Engine, clock: ManualClock
) -> None:
    known = Users(engine, clock)
    known.add("ada", Role.OPERATOR, GOOD)
    signed_in = known.check("ada", GOOD)
    assert signed_in is not None
    text = begun.begin(ADA, "password", "", "", signed_in.password_id)
    known.remove("ada")
    known.add("ada", Role.ADMIN, GOOD)
    assert begun.check(text) is None


def test_what_shows_that_a_page_is_ours_is_another_for_each_session(begun: Sessions) -> None:
    first, second = begin(begun), begin(begun)
    assert csrf_of(first) == csrf_of(first) != csrf_of(second)
    assert first not in csrf_of(first)
