"""An incident may change in these ways and no others."""

import json
from collections.abc import Callable

import pytest

from opsbook.core.errors import BadInputError
from opsbook.incidents.model import Incident, IncidentState, incident_from

NEW = Incident("INC-1", "t", "high", 10.0, "ada", 10.0, services=("db",), paged=("L1",))
TAKEN = NEW.acknowledged("ada", 20.0)
WELL = TAKEN.recovered(30.0)
DONE = WELL.closed(40.0, "mended", "")

Change = Callable[[Incident], Incident]
ACKNOWLEDGE: Change = lambda each: each.acknowledged("bob", 50.0)  # noqa: E731 - a table of them
RECOVER: Change = lambda each: each.recovered(50.0)  # noqa: E731
REOPEN: Change = lambda each: each.again(50.0)  # noqa: E731
CLOSE: Change = lambda each: each.closed(50.0, "mended", "")  # noqa: E731


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (WELL, ACKNOWLEDGE),
        (DONE, ACKNOWLEDGE),
        (WELL, RECOVER),
        (DONE, RECOVER),
        (NEW, REOPEN),
        (TAKEN, REOPEN),
        (DONE, REOPEN),
        (DONE, CLOSE),
    ],
)
def test_what_cannot_come_next_is_refused(before: Incident, change: Change) -> None:
    with pytest.raises(BadInputError, match=f"INC-1 is {before.state} and cannot be"):
        change(before)


def test_who_takes_over_does_not_answer_later() -> None:
    assert (ACKNOWLEDGE(TAKEN).owner, ACKNOWLEDGE(TAKEN).acknowledged_at) == ("bob", 20.0)


def test_one_that_is_reopened_pages_from_the_start() -> None:
    again = REOPEN(WELL)
    assert (again.state, again.paged, again.acknowledged_at) == (IncidentState.OPEN, (), None)
    assert (again.since, again.opened_at, again.reopened) == (50.0, 10.0, 1)


def test_it_is_the_same_after_json() -> None:
    assert incident_from(json.loads(json.dumps(DONE.as_dict()))) == DONE
