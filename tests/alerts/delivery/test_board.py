"""Reports of one alert become one alert, as Alertmanager merges them."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.delivery.board import Board, merged
from opsbook.alerts.model import Alert
from opsbook.core.labels import labels_of

NOW = 1_700_000_000.0
DOWN = labels_of({"alertname": "Down"})


def alert(start: float, end: float, at: float, text: str = "", timeout: bool = False) -> Alert:
    return Alert(DOWN, (("text", text),), NOW + start, NOW + end, NOW + at, timeout=timeout)


def after(*alerts: Alert) -> Alert:
    board = Board()
    for each in alerts:
        board.take(board.merge(each))
    return board.alerts[alerts[0].fingerprint]


def test_the_earliest_start_is_kept() -> None:
    assert after(alert(-20, 300, 0), alert(-10, 310, 10)).starts_at == NOW - 20
    assert after(alert(-10, 300, 0), alert(-20, 290, 10)).starts_at == NOW - 20


def test_the_latest_annotations_are_kept() -> None:
    found = after(alert(-20, 300, 0, "first"), alert(-20, 310, 10, "second"))
    assert found.annotations == (("text", "second"),)


def test_an_end_resolves_it() -> None:
    found = after(alert(-20, 300, 0, timeout=True), alert(-20, 5, 10))
    assert found.ends_at == NOW + 5
    assert found.starts_at == NOW - 20


def test_the_latest_of_two_ends_that_have_passed_is_kept() -> None:
    assert after(alert(-20, 8, 10), alert(-20, 5, 11)).ends_at == NOW + 8


def test_an_assumed_end_gives_way_to_a_given_one() -> None:
    assert after(alert(-20, 300, 0, timeout=True), alert(-20, 100, 1)).ends_at == NOW + 100


def test_a_given_end_is_not_shortened_by_an_assumed_one() -> None:
    assert after(alert(-20, 900, 0), alert(-20, 310, 10, timeout=True)).ends_at == NOW + 900


def test_what_comes_after_the_end_is_another_occurrence() -> None:
    found = after(alert(-20, 5, 6), alert(8, 300, 10))
    assert found.starts_at == NOW + 8


def test_what_has_ended_is_let_go_later() -> None:
    board = Board([alert(-20, 5, 0)])
    assert board.forget_ended(NOW + 4) == []
    assert len(board.forget_ended(NOW + 5)) == 1
    assert board.alerts == {}


TIMES = st.integers(-100, 100).map(float)


@given(TIMES, TIMES, TIMES, TIMES, st.booleans(), st.booleans())
def test_the_order_of_two_reports_does_not_matter(
    start: float, end: float, other_start: float, other_end: float, assumed: bool, other: bool
) -> None:
    one = alert(start, max(start, end), 0, timeout=assumed)
    two = alert(other_start, max(other_start, other_end), 1, timeout=other)
    assert merged(one, two) == merged(two, one)
    assert merged(one, two).starts_at == min(one.starts_at, two.starts_at)


@given(TIMES, TIMES)
def test_a_report_again_changes_nothing_but_when_it_was_heard(start: float, end: float) -> None:
    one = alert(start, max(start, end), 0)
    assert merged(one, replace(one, updated_at=NOW + 1)) == replace(one, updated_at=NOW + 1)
