"""Conditions: bands with a direction; what is missing is never well."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from opsbook.probes.conditions import Condition, Conditions
from opsbook.probes.model import State, Value, worst


def judge(rule: dict[str, Any], value: Value | None) -> State:
    conditions = Conditions({"m": Condition.model_validate(rule)})
    measured = {} if value is None else {"m": value}
    return worst(judgement.state for judgement in conditions.judge(measured))


@pytest.mark.parametrize(
    ("rule", "value", "state"),
    [
        ({"at_most": {"warning": 80, "critical": 90}}, 80, "up"),
        ({"at_most": {"warning": 80, "critical": 90}}, 80.1, "degraded"),
        ({"at_most": {"warning": 80, "critical": 90}}, 90.1, "down"),
        ({"at_most": {"warning": "80 %"}}, 99, "degraded"),
        ({"at_most": "90 %"}, 91, "down"),
        ({"below": "200ms"}, 0.2, "down"),
        ({"below": "200ms"}, 0.199, "up"),
        ({"at_least": {"warning": 30, "critical": 7}}, 30, "up"),
        ({"at_least": {"warning": 30, "critical": 7}}, 29.9, "degraded"),
        ({"at_least": {"warning": 30, "critical": 7}}, -1, "down"),
        ({"above": 0}, 0, "down"),
        ({"at_least": 3, "at_most": 300}, 301, "down"),
        ({"at_least": 3, "at_most": 300}, 4, "up"),
        ({"equals": "ok"}, "ok", "up"),
        ({"equals": "ok"}, "OK", "down"),
        ({"equals": 1}, True, "down"),
        ({"equals": 200}, 200.0, "up"),
        ({"one_of": [200, 204]}, 204, "up"),
        ({"one_of": ["a"], "breach": "degraded"}, "b", "degraded"),
        ({"contains": "PONG"}, "+PONG", "up"),
        ({"contains": "a.c"}, "abc", "down"),
        ({"matches": "^a.c$"}, "abc", "up"),
    ],
)
def test_a_value_is_judged_by_its_bands(rule: dict[str, Any], value: Value, state: str) -> None:
    assert judge(rule, value) == state


@pytest.mark.parametrize("rule", [{"at_most": 1}, {"at_least": 0}, {"equals": 0}, {"matches": ""}])
@pytest.mark.parametrize("missing", ["up", "degraded", "down", "unknown"])
def test_what_is_missing_is_what_the_book_declares(rule: dict[str, Any], missing: str) -> None:
    assert judge({**rule, "missing": missing}, None) == missing


@pytest.mark.parametrize("rule", [{"at_most": 1}, {"at_least": 0}, {"equals": 0}, {"matches": ""}])
def test_what_is_missing_is_unknown_unless_declared(rule: dict[str, Any]) -> None:
    assert judge(rule, None) is State.UNKNOWN


@pytest.mark.parametrize("value", [float("nan"), "12", True])
def test_what_is_no_number_is_unknown_to_a_band(value: Value) -> None:
    assert judge({"at_most": 1000, "at_least": -1000}, value) is State.UNKNOWN


@given(st.floats(allow_nan=False), st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_less_is_never_worse_where_less_is_better(value: float, limit: float, width: float) -> None:
    rule = {"at_most": {"warning": limit, "critical": limit + width}}
    assert judge(rule, value - 1).severity <= judge(rule, value).severity


@given(st.floats(allow_nan=False), st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_more_is_better_is_the_mirror_of_less_is_better(
    value: float, limit: float, width: float
) -> None:
    more = {"at_least": {"warning": -limit, "critical": -limit - width}}
    less = {"at_most": {"warning": limit, "critical": limit + width}}
    assert judge(more, -value) is judge(less, value)


def test_each_condition_keeps_its_actual_value() -> None:
    conditions = Conditions({"m": Condition.model_validate({"at_most": 1, "at_least": 0})})
    assert [str(judgement) for judgement in conditions.judge({"m": 7.25})] == [
        "m ≤ 1 (is 7.25)",
        "m ≥ 0 (is 7.25)",
    ]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "no rule"),
        ({"breach": "down"}, "no rule"),
        ({"at_most": {}}, "empty bands"),
        ({"at_most": "many"}, "not a quantity"),
        ({"at_most": {"warning": 2, "critical": 1}}, "warning must lie below critical"),
        ({"at_least": {"warning": 1, "critical": 2}}, "warning must lie above critical"),
        ({"matches": "("}, "not a regular expression"),
        ({"one_of": []}, "at least 1"),
        ({"missing": "late"}, "'up', 'degraded', 'down' or 'unknown'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Condition.model_validate(rule)
