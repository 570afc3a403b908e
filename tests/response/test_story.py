"""What people read of a run."""

from dataclasses import replace

import pytest

from opsbook.durable.model import Cancellation, RunState
from opsbook.durable.values import Json
from opsbook.response.story import proved, story, trouble
from opsbook.runbooks.model import RunView, StepStanding, StepView

LOOKED = StepView("load", "query", "load", 0, "done", 1, 1.0, 2.0, {"value": 3})
SEEN: Json = {"greets": {"state": "up", "message": "", "measurements": {"latency_seconds": 0.01}}}
MENDED = StepView("mend", "service", "restart a", 1, "done", 1, 2.0, 3.0, verified=SEEN)


def view(*steps: StepView, state: RunState = RunState.SUCCEEDED) -> RunView:
    return RunView(
        "r-1",
        "fix",
        state,
        "opsbook",
        "it is down",
        {},
        1,
        "f",
        None,
        None,
        unattended=True,
        requested_at=0.0,
        started_at=1.0,
        ended_at=4.0,
        round=0,
        error=None,
        cancellation=None,
        waiting=None,
        rolled_back=False,
        steps=steps,
    )


def test_it_names_what_each_step_did_and_what_proved_it() -> None:
    assert story(view(LOOKED, MENDED)) == (
        "fix (run r-1): load (load) done; mend (restart a) done, "
        "seen: greets.state up, greets.measurements.latency_seconds 0.01"
    )


def test_what_changed_something_and_was_proved_is_a_fix() -> None:
    assert proved(view(LOOKED, MENDED))


@pytest.mark.parametrize("state", ["failed", "skipped", "printed", "rolled back", "not begun"])
def test_what_was_not_proved_is_none(state: StepStanding) -> None:
    assert not proved(view(LOOKED, replace(MENDED, state=state)))


def test_looking_alone_mends_nothing() -> None:
    assert not proved(view(LOOKED))
    assert trouble(view(LOOKED)) == "it changed nothing"


def test_trouble_is_the_error_of_the_step_or_who_cancelled_it() -> None:
    failed = replace(MENDED, state="failed", error="not proven within 2 s")
    ended = view(LOOKED, failed, state=RunState.FAILED)
    assert trouble(ended) == "not proven within 2 s"
    cancelled = replace(ended, cancellation=Cancellation("ada", "not now"))
    assert trouble(cancelled) == "cancelled by ada: not now"
