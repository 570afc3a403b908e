"""Bounds of names and reasons."""

from pathlib import Path

import pytest

from opsbook.core.errors import BadInputError
from opsbook.runbooks.saying import fit
from opsbook.state.people import Person, Role
from tests.runbooks.scene import ANNA, book, mark, scene


@pytest.mark.parametrize(
    ("name", "why", "said"),
    [
        ("a" * 201, "x", "has 201 characters: at most 200"),
        ("anna", "x" * 2001, "has 2001 characters: at most 2000; write where"),
        (" ", "x", "say who"),
    ],
)
def test_too_much_is_refused_with_the_bound(name: str, why: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        fit(Person(name, Role.OPERATOR), why)


def test_what_is_just_allowed_is() -> None:
    fit(Person("a" * 200, Role.OPERATOR), "x" * 2000)


async def test_every_word_to_a_run_is_bounded(tmp_path: Path) -> None:
    long = "x" * 2001
    async with scene(tmp_path, book(tmp_path, one={"steps": [mark("one")]})) as there:
        runbooks = there.runbooks
        for word in (
            there.run("one", why=long),
            runbooks.approve("r", ANNA, long),
            runbooks.refuse("r", ANNA, long),
            runbooks.decide("r", ANNA, "stop", long),
            runbooks.cancel("r", ANNA, long),
            runbooks.resume("r", ANNA, long),
        ):
            with pytest.raises(BadInputError, match="at most 2000"):
                await word
        (entry,) = await there.entries("run.request_refused")
        assert len(entry.body) < 3000
