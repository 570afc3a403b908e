"""Matchers and periods as the configuration writes them."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from opsbook.alerts.configuration.notation import MatcherText, Pattern, Period, all_matchers
from opsbook.metrics.model import Matcher


def test_all_ways_of_matching_add_up() -> None:
    assert all_matchers({"a": "1"}, {"b": "2|3"}, ["c=4,d!=5", "e=~6"]) == (
        Matcher("a", "=", "1"),
        Matcher("b", "=~", "^(?:2|3)$"),
        Matcher("c", "=", "4"),
        Matcher("d", "!=", "5"),
        Matcher("e", "=~", "6"),
    )


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (MatcherText, "a", "not matchers: at 1: expected = != =~ or !~"),
        (MatcherText, "a=~(", "not matchers: error parsing regexp"),
        (Pattern, "(", "error parsing regexp: missing"),
        (Pattern, "a)(?:b", "error parsing regexp: unexpected"),
        (Pattern, None, "no pattern: write .* for any value"),
        (Period, "0s", "cannot be zero"),
        (Period, "1", "not a duration"),
    ],
)
def test_what_is_none_is_refused(kind: Any, value: object, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert said in str(caught.value)
