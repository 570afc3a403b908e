"""How often somebody may try."""

import pytest

from opsbook.core.clock import ManualClock
from opsbook.web import attempts
from opsbook.web.attempts import Attempts


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tried(clock: ManualClock) -> Attempts:
    return Attempts(clock)


def fail(tried: Attempts, *keys: str, times: int = 1) -> None:
    for _ in range(times):
        tried.begin(keys)


def test_five_are_free_and_then_each_doubles_the_wait(tried: Attempts) -> None:
    waits = []
    for _ in range(12):
        fail(tried, "a")
        waits.append(tried.wait(["a"]))
    assert waits == [0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900]


def test_the_wait_passes(tried: Attempts, clock: ManualClock) -> None:
    fail(tried, "a", times=5)
    clock.advance(14)
    assert tried.wait(["a"]) == 1
    clock.advance(1)
    assert tried.wait(["a"]) == 0


def test_the_longest_wait_of_several_keys_counts(tried: Attempts) -> None:
    fail(tried, "a", times=5)
    assert (tried.wait(["b"]), tried.wait(["b", "a"])) == (0, 15)


def test_failures_are_forgotten_after_an_hour(tried: Attempts, clock: ManualClock) -> None:
    fail(tried, "a", times=20)
    clock.advance(3600)
    fail(tried, "a", times=4)
    assert tried.wait(["a"]) == 0


def test_who_succeeds_is_forgiven_and_their_address_is_not(tried: Attempts) -> None:
    fail(tried, "ada", "address", times=4)
    tried.begin(["ada", "address"])
    tried.succeeded(forget="ada", keep="address")
    fail(tried, "ada", "address")
    assert (tried.wait(["ada"]), tried.wait(["address"])) == (0, 15)


def test_nobody_fills_the_memory(tried: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_MOST", 100)
    fail(tried, "the one who tries on", times=5)
    for number in range(1000):
        fail(tried, f"name {number}", "the one who tries on")
    assert len(tried._failures) == 100
    assert tried.wait(["the one who tries on"]) == 900
