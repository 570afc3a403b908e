"""What is remembered on the way to the provider and back."""

import pytest

from opsbook.core.clock import ManualClock
from opsbook.web.oidc.flow import LASTS, Flows


def test_the_way_back_is_known_by_the_browser_that_began_it() -> None:
    flows = Flows(ManualClock())
    flow = flows.begin()
    assert flows.resume(flow.state, flow.state) == flow
    assert flows.resume(flow.state, flows.begin().state) is None
    assert flows.resume(flow.state, "") is None


def test_what_goes_to_the_provider_tells_nothing_of_what_does_not() -> None:
    flow = Flows(ManualClock()).begin()
    assert len({flow.state, flow.nonce, flow.verifier}) == 3
    assert 43 <= len(flow.verifier) <= 128


def test_it_ends_after_ten_minutes() -> None:
    clock = ManualClock()
    flows = Flows(clock)
    flow = flows.begin()
    clock.advance(LASTS)
    assert flows.resume(flow.state, flow.state) is None


@pytest.mark.parametrize("state", ["", ".", "x", "9999999999.x.y", "ü.ü.ü"])
def test_what_nobody_began_is_not_resumed(state: str) -> None:
    assert Flows(ManualClock()).resume(state, state) is None


def test_another_process_does_not_know_it() -> None:
    clock = ManualClock()
    state = Flows(clock).begin().state
    assert Flows(clock).resume(state, state) is None
