"""Recording rules."""

import pytest

from opsbook.core.labels import format_labels
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.rules.recording import RecordingRule
from opsbook.metrics.rules.spec import GroupSpec, RuleSpec
from tests.metrics.rules.kept import Kept


def evaluate(kept: Kept, expr: str, **more: object) -> dict[str, float]:
    limit, labels = more.pop("limit", 0), more.pop("labels", {})
    group = GroupSpec.model_validate({"name": "g", "limit": limit, "labels": more.pop("all", {})})
    rule = RecordingRule(
        group, RuleSpec.model_validate({"record": "r", "expr": expr, "labels": labels})
    )
    samples = rule.evaluate(kept.start + 1000, kept.ask)
    return {format_labels(labels): value for labels, value in samples.items()}


@pytest.fixture(autouse=True)
def _two_series(kept: Kept) -> None:
    kept.put(0, up={"a": 1, "b": 0})


def test_the_result_gets_the_name_of_the_rule(kept: Kept) -> None:
    assert evaluate(kept, "up") == {'r{job="a"}': 1.0, 'r{job="b"}': 0.0}


def test_a_scalar_is_one_series_without_labels(kept: Kept) -> None:
    assert evaluate(kept, "1 + 1") == {"r": 2.0}


def test_the_rules_labels_overwrite_and_an_empty_one_takes_away(kept: Kept) -> None:
    found = evaluate(kept, "up == 1", labels={"job": "", "team": "core"})
    assert found == {'r{team="core"}': 1.0}


def test_the_rules_labels_come_before_those_of_the_group(kept: Kept) -> None:
    found = evaluate(kept, "up == 1", all={"team": "all", "tier": "1"}, labels={"team": "core"})
    assert found == {'r{job="a", team="core", tier="1"}': 1.0}


def test_no_series_is_no_error(kept: Kept) -> None:
    assert evaluate(kept, "up == 7") == {}


@pytest.mark.parametrize(
    ("expr", "more", "said"),
    [
        (
            "up",
            {"labels": {"job": "x"}},
            "vector contains metrics with the same labelset after applying rule labels",
        ),
        ("up", {"limit": 1}, "exceeded limit of 1 with 2 series"),
        ("up[5m]", {}, "rule result is not a vector or scalar"),
        ("'text'", {}, "rule result is not a vector or scalar"),
        ("up + on () group_left up", {}, "found duplicate series"),
    ],
)
def test_what_cannot_be_recorded_is_an_error(
    kept: Kept, expr: str, more: dict[str, object], said: str
) -> None:
    with pytest.raises(QueryError, match=said):
        evaluate(kept, expr, **more)


@pytest.mark.parametrize("limit", [0, -1, 2])
def test_a_limit_that_is_not_exceeded_changes_nothing(kept: Kept, limit: int) -> None:
    assert len(evaluate(kept, "up", limit=limit)) == 2
