"""promtool's files of unit tests, read."""

import math
from pathlib import Path

import pytest

from opsbook.alerts.rules.unit.document import read_tests
from opsbook.book.problems import BookError


def write(directory: Path, text: str) -> Path:
    file = directory / "tests.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = """group_eval_order: [a, b, a]
tests:
- input_series:
  - {series: 'x{', values: 1}
  - {series: x, values: '1x'}
  - {series: x, values: '{{schema:0}}'}
  alert_rule_test:
  - {eval_time: 1m}
  promql_expr_test:
  - {expr: x, exp_samples: [{labels: 'x x', value: 1}, {labels: x, histogram: '{{}}'}]}
"""
    with pytest.raises(BookError) as caught:
        read_tests(write(tmp_path, text))
    assert [(each.mark.line, each.path) for each in caught.value.problems] == [
        (1, "group_eval_order[2]"),
        (4, "tests[0].input_series[0]"),
        (5, "tests[0].input_series[1]"),
        (6, "tests[0].input_series[2]"),
        (8, "tests[0].alert_rule_test[0]"),
        (10, "tests[0].promql_expr_test[0].exp_samples[0]"),
        (10, "tests[0].promql_expr_test[0].exp_samples[1]"),
    ]
    assert "native histograms are not kept here" in str(caught.value)


def test_an_unknown_key_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r":2:3 tests\[0\]\.imput_series.*did you mean input_s"):
        read_tests(write(tmp_path, "tests:\n- imput_series: []\n"))


@pytest.mark.parametrize(
    ("text", "value"),
    [(".inf", math.inf), ("-.Inf", -math.inf), ("1e3", 1000), ("-0.5", -0.5), ("7", 7)],
)
def test_numbers_are_those_of_yaml(tmp_path: Path, text: str, value: float) -> None:
    samples = f"tests: [{{promql_expr_test: [{{exp_samples: [{{value: {text}}}]}}]}}]\n"
    document, _ = read_tests(write(tmp_path, samples))
    assert document.tests[0].promql_expr_test[0].exp_samples[0].value == value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1700000000", 1.7e9), ("2023-11-14T22:13:20Z", 1.7e9), ("2023-11-14T23:13:20+01:00", 1.7e9)],
)
def test_a_start_is_a_number_or_a_moment(tmp_path: Path, text: str, seconds: float) -> None:
    document, _ = read_tests(write(tmp_path, f"tests: [{{start_timestamp: '{text}'}}]\n"))
    assert document.tests[0].start_timestamp == seconds


def test_a_start_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="not a moment"):
        read_tests(write(tmp_path, "tests: [{start_timestamp: soon}]\n"))
