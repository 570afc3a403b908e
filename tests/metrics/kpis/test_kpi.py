"""One KPI: what it finds, says and keeps."""

from typing import Any

import pytest

from opsbook.core.clock import ManualClock
from opsbook.core.labels import labels_of
from opsbook.metrics.kpis.bands import KpiState
from opsbook.metrics.kpis.kpi import Kpi, Standing
from opsbook.metrics.kpis.settings import KpiSettings
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.result import Result
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.spec import GroupSpec
from tests.metrics.rules.kept import Kept

BANDS = {"direction": "higher", "target": 90, "warning": 50, "critical": 10}


class Scene:
    """A KPI of which the clock stands at its evaluations."""

    def __init__(self, kept: Kept, expression: str = "score", **more: Any) -> None:
        self.kept = kept
        self.clock = ManualClock(kept.start / 1000)
        settings = KpiSettings(**{"expression": expression, **BANDS, **more})
        self.kpi = Kpi("k", settings, self.clock)
        self.group = Group("kpis", GroupSpec(name="g"), 60, [self.kpi])

    def at(self, second: float, **values: Any) -> Standing:
        if values:
            self.kept.put(second, **values)
        self.clock.advance(self.kept.start / 1000 + second - self.clock.now())
        self.kept.evaluate(self.group, second)
        return self.kpi.standing

    def since(self) -> float:
        return round(self.kpi.standing.since - self.kept.start / 1000, 3)


def test_before_the_first_evaluation_it_is_unknown(kept: Kept) -> None:
    standing = Scene(kept).kpi.standing
    assert (standing.state, standing.reason) == (KpiState.UNKNOWN, "not evaluated yet")


@pytest.mark.parametrize(
    ("value", "state", "reason"),
    [
        (95, "met", ""),
        (70, "off_target", "70 is not ≥ 90"),
        (40, "warning", "40 is < 50"),
        (5, "critical", "5 is < 10"),
        (float("nan"), "unknown", "the value is not a number, such as of 0 / 0"),
    ],
)
def test_it_says_why_it_is_not_met(kept: Kept, value: float, state: str, reason: str) -> None:
    standing = Scene(kept).at(1, score=value)
    assert (standing.state, standing.reason) == (state, reason)


def test_without_data_it_is_unknown(kept: Kept) -> None:
    standing = Scene(kept).at(1)
    assert standing.state is KpiState.UNKNOWN
    assert standing.reason == "no data: the expression found no series"


def test_a_scalar_has_a_value_too(kept: Kept) -> None:
    assert Scene(kept, "scalar(score)").at(1, score=95).state is KpiState.MET
    assert Scene(kept, "scalar(none)").at(1).state is KpiState.UNKNOWN


def test_an_expression_that_fails_makes_it_unknown_with_the_reason(kept: Kept) -> None:
    kept.put(1, score={"a": 1, "b": 1}, other={"a": 1, "b": 1})
    failing = Scene(kept, "score + on () group_left () other").at(1)
    assert failing.state is KpiState.UNKNOWN
    assert "found duplicate series" in failing.reason


def test_of_several_series_the_worst_counts_and_is_named(kept: Kept) -> None:
    standing = Scene(kept).at(1, score={"a": 95, "b": 4, "c": 60, "d": 3, "e": 91})
    assert standing.state is KpiState.CRITICAL
    assert standing.reason == '3 of {job="d"} is < 10 (2 of 5 series)'
    assert [each.value for each in standing.judged] == [3, 4, 60, 91, 95]


def test_one_that_is_unknown_keeps_the_others_from_being_met(kept: Kept) -> None:
    standing = Scene(kept).at(1, score={"a": 95, "b": float("nan")})
    assert standing.state is KpiState.UNKNOWN
    assert 'of {job="b"} is not a number' in standing.reason


def test_too_many_series_are_unknown(kept: Kept) -> None:
    standing = Scene(kept).at(1, score={f"j{n}": 95 for n in range(1001)})
    assert standing.state is KpiState.UNKNOWN
    assert standing.reason == "1,001 series, more than 1,000: use an aggregation"


def test_since_is_when_the_state_was_entered(kept: Kept) -> None:
    scene = Scene(kept)
    found = []
    for second, score in ((1, 95), (2, 96), (3, 5), (4, 4), (5, 95)):
        scene.at(second, score=score)
        found.append(scene.since())
    assert found == [1, 1, 3, 3, 5]


def test_values_states_and_since_are_kept(kept: Kept) -> None:
    scene = Scene(kept)
    scene.at(1, score={"a": 95})
    scene.at(2, score={"a": 5})
    assert kept.found("opsbook_kpi_value") == {
        'opsbook_kpi_value{job="a", kpi="k"}': [(1, 95), (2, 5)]
    }
    states = kept.found("opsbook_kpi_state")
    assert states['opsbook_kpi_state{kpi="k", state="met"}'] == [(1, 1), (2, 0)]
    assert states['opsbook_kpi_state{kpi="k", state="critical"}'] == [(1, 0), (2, 1)]
    assert len(states) == len(KpiState)
    (since,) = kept.found("opsbook_kpi_state_since_timestamp_seconds").values()
    assert [float(value) - kept.start / 1000 for _, value in since] == [1, 2]


def test_a_value_that_is_not_there_any_more_has_ended_and_the_state_says_unknown(
    kept: Kept,
) -> None:
    scene = Scene(kept, "score > 0")
    scene.at(1, score=95)
    scene.at(2, score=-1)
    assert kept.found("opsbook_kpi_value") == {
        'opsbook_kpi_value{kpi="k"}': [(1, 95), (2, "stale")]
    }
    unknown = kept.found("opsbook_kpi_state")['opsbook_kpi_state{kpi="k", state="unknown"}']
    assert unknown == [(1, 0), (2, 1)]


def test_a_label_that_is_ours_goes_on_under_another_name(kept: Kept) -> None:
    scene = Scene(kept, "theirs")
    kept.store.append("put", kept.start + 1000, {labels_of({"__name__": "theirs", "kpi": "x"}): 95})
    scene.at(1)
    assert list(kept.found("opsbook_kpi_value")) == ['opsbook_kpi_value{exported_kpi="x", kpi="k"}']


def test_since_survives_a_restart(kept: Kept) -> None:
    Scene(kept).at(1, score=5)
    after = Scene(kept)
    after.at(60, score=4)
    assert after.since() == 1
    after.at(61, score=95)
    after.at(62, score=4)
    assert after.since() == 62


def test_it_does_so_though_nothing_was_measured_right_after_the_restart(kept: Kept) -> None:
    Scene(kept, "score > 0").at(1, score=5)
    after = Scene(kept, "score > 0")
    after.at(60, score=-1)
    assert after.kpi.standing.state is KpiState.UNKNOWN
    after.at(61, score=4)
    assert after.since() == 1
    after.at(62, score=-1)
    after.at(63, score=4)
    assert after.since() == 63


def test_another_state_than_before_the_restart_begins_now(kept: Kept) -> None:
    Scene(kept).at(1, score=5)
    after = Scene(kept)
    after.at(60, score=95)
    assert after.since() == 60


def test_an_evaluation_says_nothing_for_long(kept: Kept) -> None:
    scene = Scene(kept, every="10s")
    scene.at(1, score=95)
    scene.clock.advance(39)
    assert scene.kpi.standing.state is KpiState.MET
    scene.clock.advance(2)
    standing = scene.kpi.standing
    assert standing.state is KpiState.UNKNOWN
    assert standing.reason == "not evaluated for 41 s; it was met"


def test_that_nobody_waits_for_the_answer_says_nothing_of_the_kpi(kept: Kept) -> None:
    scene = Scene(kept)
    scene.at(1, score=95)

    def stopped(expression: str, at: int) -> Result:
        raise QueryError("canceled", "stopped")

    scene.group.evaluate(kept.start + 2000, stopped, kept.store)
    assert scene.kpi.standing.state is KpiState.MET
