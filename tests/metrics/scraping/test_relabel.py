"""Relabelling: by the rules themselves, and by what Prometheus makes of the same rules.

That every rule of a large table gives what Prometheus gives is in test_target.py.
"""

from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.metrics.scraping.relabel import RelabelConfig, relabel


def relabelled(labels: dict[str, str], *rules: dict[str, Any]) -> dict[str, str] | None:
    return relabel(labels, [RelabelConfig(**rule) for rule in rules])


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ({"source_labels": ["a"], "target_label": "c"}, {"a": "x", "b": "y", "c": "x"}),
        ({"source_labels": ["a"], "regex": "x", "action": "keep"}, {"a": "x", "b": "y"}),
        ({"source_labels": ["a"], "regex": "y", "action": "keep"}, None),
        ({"source_labels": ["a"], "regex": "x", "action": "drop"}, None),
        ({"source_labels": ["a"], "regex": "y", "action": "drop"}, {"a": "x", "b": "y"}),
        ({"source_labels": ["a"], "target_label": "b", "action": "keepequal"}, None),
        (
            {"source_labels": ["a"], "target_label": "b", "action": "dropequal"},
            {"a": "x", "b": "y"},
        ),
        (
            {"source_labels": ["a"], "modulus": 1000, "target_label": "b", "action": "hashmod"},
            {"a": "x", "b": "726"},
        ),
        (
            {"regex": "(.)", "replacement": "l_$1", "action": "labelmap"},
            {"a": "x", "b": "y", "l_a": "x", "l_b": "y"},
        ),
        ({"regex": "a", "action": "labeldrop"}, {"b": "y"}),
        ({"regex": "a", "action": "labelkeep"}, {"a": "x"}),
        (
            {"source_labels": ["a"], "target_label": "b", "action": "uppercase"},
            {"a": "x", "b": "X"},
        ),
        (
            {"source_labels": ["a"], "target_label": "b", "action": "lowercase"},
            {"a": "x", "b": "x"},
        ),
    ],
)
def test_each_action_does_its_own(rule: dict[str, Any], left: dict[str, str] | None) -> None:
    assert relabelled({"a": "x", "b": "y"}, rule) == left


def test_rules_follow_one_another_until_one_drops() -> None:
    rename = {"source_labels": ["a"], "target_label": "b"}
    drop = {"source_labels": ["b"], "regex": "x", "action": "drop"}
    assert relabelled({"a": "x"}, rename, drop) is None
    assert relabelled({"a": "x"}, drop, rename) == {"a": "x", "b": "x"}


def test_names_of_labels_may_be_any_text() -> None:
    rule = {"source_labels": ["service.name"], "regex": "(.*)", "target_label": "größe.${1} ☃"}
    assert relabelled({"service.name": "api"}, rule) == {
        "service.name": "api",
        "größe.api ☃": "api",
    }


def test_a_dot_matches_the_end_of_a_line_too() -> None:
    assert (
        relabelled({"a": "x\ny"}, {"source_labels": ["a"], "regex": "x.y", "action": "drop"})
        is None
    )


def test_a_label_without_a_value_is_none() -> None:
    assert relabelled({"a": "", "b": "y"}) == {"b": "y"}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "replace needs a target_label"),
        ({"action": "hashmod", "modulus": 5}, "hashmod needs a target_label"),
        ({"action": "hashmod", "target_label": "a"}, "hashmod needs a modulus"),
        ({"action": "labelmap", "replacement": ""}, "labelmap needs a replacement"),
        (
            {"action": "lowercase", "target_label": "a", "replacement": "b"},
            "lowercase takes no replacement",
        ),
        ({"action": "labeldrop", "target_label": "a"}, "labeldrop takes only regex: remove target"),
        ({"action": "labelkeep", "source_labels": ["a"]}, "remove source_labels"),
        (
            {"action": "keepequal", "target_label": "a", "regex": "(.*)"},
            "keepequal takes only source_labels and target_label: remove regex",
        ),
        ({"target_label": "a", "regex": "("}, r"error parsing regexp: .*: `\(`"),
        ({"target_label": "a", "source_labels": [""]}, "a label's name is empty"),
        ({"action": "explode"}, "Input should be 'replace'"),
        ({"target_label": "a", "modulus": -1}, "greater than or equal to 0"),
        ({"target_label": "a", "replacment": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RelabelConfig(**rule)
