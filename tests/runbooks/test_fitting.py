"""Results kept small."""

import math

import pytest

from opsbook.core.secrets import hidden
from opsbook.runbooks.bounded import size
from opsbook.runbooks.fitting import document, fitted, fitted_results, head, number, tail


def test_a_text_is_masked_before_it_is_cut() -> None:
    hidden("half-a-secret")
    text = "x" * 10 + "half-a-secret" + "y" * 10
    assert head(text, 14) == "x" * 10 + "***y"
    assert tail(text, 14) == "x***" + "y" * 10


def test_what_no_terminal_should_see_is_replaced() -> None:
    assert head("a\x00b\x1b[2J\ttab\n") == "a\ufffdb\ufffd[2J\ttab\n"


def test_values_are_kept_as_long_as_they_fit() -> None:
    assert fitted(["aaaa", "bbbb", "c"], 16) == ["aaaa", "bbbb"]


def test_of_results_that_do_not_fit_it_is_said_that_they_are_there() -> None:
    kept = fitted_results({"a": "x" * 100, "b": 1}, 50)
    assert kept == {"a": {"left_out": "107 bytes"}, "b": 1}
    assert size(kept["b"]) == 1


@pytest.mark.parametrize("text", ["", "{", "[NaN]", "[" * 100_000, '"' + "x" * 50_000 + '"'])
def test_what_is_no_document_or_too_large_a_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        document(text)


def test_numbers_that_json_does_not_know_become_text() -> None:
    assert [number(each) for each in (1.5, math.inf, -math.inf, math.nan)] == [
        1.5,
        "+Inf",
        "-Inf",
        "NaN",
    ]
