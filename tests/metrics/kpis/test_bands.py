"""Bands: ends, gaps, missing ones."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.metrics.kpis.bands import Bands, KpiState, Zone
from opsbook.metrics.kpis.settings import KpiSettings


def bands(direction: str, target: Any, **more: Any) -> Bands:
    return KpiSettings(expression="x", direction=direction, target=target, **more).bands


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (50, "met"),
        (40, "met"),
        (60, "met"),
        (39.9, "off_target"),
        (30, "off_target"),
        (29.9, "warning"),
        (80, "warning"),
        (80.1, "critical"),
        (-5, "critical"),
    ],
)
def test_a_band_has_two_sides(value: float, state: str) -> None:
    two_sided = bands("band", [40, 60], warning=[30, 70], critical=[20, 80])
    assert two_sided.judge(value) == state


def test_without_a_warning_what_misses_the_target_is_one() -> None:
    assert bands("higher", 5).judge(4) is KpiState.WARNING
    with_critical = bands("higher", 5, critical=3)
    assert [with_critical.judge(value) for value in (5, 4, 3, 2)] == [
        *("met", "warning", "warning", "critical"),
    ]


def test_without_a_critical_limit_it_stays_a_warning() -> None:
    assert bands("lower", 5, warning=6).judge(math.inf) is KpiState.WARNING


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_what_is_not_a_number_is_never_met(direction: str) -> None:
    assert bands(direction, 5, warning=5, critical=5).judge(math.nan) is KpiState.UNKNOWN


def test_infinities_are_judged() -> None:
    assert bands("higher", "> 5").judge(math.inf) is KpiState.MET
    assert bands("higher", "> 5", critical=1).judge(-math.inf) is KpiState.CRITICAL


@pytest.mark.parametrize(
    ("direction", "target", "worst_first"),
    [
        ("higher", 5, [-math.inf, 1, 5, 9, math.inf]),
        ("lower", 5, [math.inf, 9, 5, 1, -math.inf]),
        ("band", [4, 6], [20, -1, 3.5, 6, 5]),
    ],
)
def test_the_margin_tells_which_value_is_worse(
    direction: str, target: Any, worst_first: list[float]
) -> None:
    mixed = [*worst_first[2:], *worst_first[:2]]
    assert sorted(mixed, key=bands(direction, target).margin) == worst_first


numbers = st.integers(-3, 3).map(float)
zones = st.builds(
    lambda a, b, ends: Zone(min(a, b), max(a, b), ends, ""),
    numbers | st.just(-math.inf),
    numbers | st.just(math.inf),
    st.booleans(),
)


@given(zones, zones)
def test_a_zone_lies_within_another_where_all_its_values_do(zone: Zone, other: Zone) -> None:
    values = [*(step / 2 for step in range(-8, 9)), math.inf, -math.inf]
    if zone.within(other):
        assert all(value in other for value in values if value in zone)
    elif zone.low < zone.high or zone.with_ends:
        near = [end + shift for end in (zone.low, zone.high) for shift in (-1e-9, 0, 1e-9)]
        assert any(value in zone and value not in other for value in [*values, *near])


def test_what_is_unknown_is_worse_than_a_warning() -> None:
    order = sorted(KpiState, key=lambda state: state.severity)
    assert order == ["met", "off_target", "warning", "unknown", "critical"]
