"""The alerts of one rule."""

import pytest

from opsbook.alerts.rules.active import ActiveAlerts, Finding
from opsbook.core.labels import labels_of
from opsbook.metrics.promql.errors import QueryError

A, B = labels_of({"alertname": "a"}), labels_of({"alertname": "b"})
SO = Finding((), 1.0)
MINUTE = 60_000


def test_one_may_not_be_found_and_fire_on() -> None:
    alerts = ActiveAlerts(0, 0, 0)
    alerts.update({A: SO, B: SO}, 0)
    alerts.update({}, MINUTE, held={A})
    assert [alert.labels for alert in alerts.active()] == [A]


def test_one_that_is_pending_cannot_be_held() -> None:
    alerts = ActiveAlerts(5 * MINUTE, 0, 0)
    alerts.update({A: SO}, 0)
    alerts.update({}, MINUTE, held={A})
    assert alerts.active() == []


def test_what_is_told_does_not_change_with_what_comes_later() -> None:
    alerts = ActiveAlerts(0, 0, 0)
    alerts.update({A: SO}, 0)
    (told,) = alerts.due(0, MINUTE)
    alerts.update({}, MINUTE)
    assert (told.state, told.resolved_at, told.valid_until) == ("firing", None, 4 * MINUTE)


def test_one_that_ended_and_comes_again_is_another() -> None:
    alerts = ActiveAlerts(0, 0, 0)
    alerts.update({A: SO}, 0)
    alerts.due(0, MINUTE)
    alerts.update({}, MINUTE)
    alerts.update({A: SO}, 2 * MINUTE)
    (told,) = alerts.due(2 * MINUTE, MINUTE)
    assert (told.state, told.fired_at) == ("firing", 2 * MINUTE)


def test_the_limit_counts_those_that_are_pending() -> None:
    alerts = ActiveAlerts(5 * MINUTE, 0, 1)
    with pytest.raises(QueryError, match="exceeded limit of 1 with 2 alerts"):
        alerts.update({A: SO, B: SO}, 0)
    assert list(alerts) == []


def test_an_end_by_force_is_of_those_that_fire() -> None:
    alerts = ActiveAlerts(MINUTE, 0, 0)
    alerts.update({A: SO}, 0)
    alerts.update({A: SO, B: SO}, MINUTE)
    (ended,) = alerts.end(MINUTE)
    assert (ended.labels, ended.resolved_at) == (A, MINUTE)
    assert list(alerts) == []
