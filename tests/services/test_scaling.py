"""An order to scale stays within what the book allows."""

import pytest
from pydantic import ValidationError

from opsbook.core.errors import BadInputError
from opsbook.services.scaling import check_scale
from opsbook.services.settings import ScalePolicy

POLICY = ScalePolicy.model_validate({"at_least": 2, "at_most": 8, "step": 2, "cooldown": "1m"})


@pytest.mark.parametrize("wanted", [2, 4, 6])
def test_what_the_book_allows_is_allowed(wanted: int) -> None:
    check_scale("api", POLICY, wanted, 4, 60.0)


def test_what_is_not_known_forbids_nothing() -> None:
    check_scale("api", POLICY, 8, None, None)


@pytest.mark.parametrize(
    ("wanted", "running", "ago", "words"),
    [
        (1, 2, None, "1 replicas are not from 2 to 8"),
        (9, 8, None, "9 replicas are not from 2 to 8"),
        (7, 4, None, "from 4 to 7 are 3 at once; its book allows 2"),
        (2, 5, None, "from 5 to 2 are 3 at once; its book allows 2"),
        (4, 4, 20.0, "scaled 20 s ago and cools down for 60 s; order again in 40 s"),
    ],
)
def test_what_it_does_not_allow_is_refused_with_the_numbers(
    wanted: int, running: int, ago: float | None, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        check_scale("api", POLICY, wanted, running, ago)


def test_bounds_that_leave_no_room_are_refused() -> None:
    with pytest.raises(ValidationError, match="at_least is above at_most"):
        ScalePolicy.model_validate({"at_least": 3, "at_most": 2})
