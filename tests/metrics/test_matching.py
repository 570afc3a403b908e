"""Which series a selector means."""

import pytest

from opsbook.metrics.matching import matching
from opsbook.metrics.model import Matcher

SERIES = (("__name__", "up"), ("job", "api"))


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        (Matcher("job", "=", "api"), True),
        (Matcher("job", "!=", "api"), False),
        (Matcher("job", "=~", "a.*|b"), True),
        (Matcher("job", "=~", "ap"), False),
        (Matcher("job", "!~", "ap"), True),
        (Matcher("absent", "=", ""), True),
        (Matcher("absent", "!=", ""), False),
        (Matcher("absent", "=~", ".*"), True),
        (Matcher("absent", "!~", ".+"), True),
        (Matcher("__name__", "=", "down"), False),
    ],
)
def test_a_label_that_is_missing_is_empty(matcher: Matcher, expected: bool) -> None:
    assert matching((matcher,))(SERIES) is expected


def test_all_matchers_must_hold() -> None:
    both = (Matcher("job", "=", "api"), Matcher("__name__", "=", "down"))
    assert not matching(both)(SERIES)
