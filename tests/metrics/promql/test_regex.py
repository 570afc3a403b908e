"""RE2's language in Python's engine, and what is refused because it could take for ever."""

import time

import pytest

from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.regex import compile_regex


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a.b", "a\nb"),
        ("((?i)PRO).*", "production"),
        ("x(?i)abc", "xABC"),
        (".*(?i:TION)", "nation"),
        (r"\d+\.\d+\.\d+\.\d+:\d+", "10.0.0.1:9100"),
        (r"\Qa.b*\E+", "a.b**"),
        ("[[:alpha:]_]+", "ab_C"),
        ("(?P<first>a)(?<second>b)", "ab"),
        ("^api$", "api"),
        (r"[\d\]x]+", "1]x"),
        (r"a\z", "a"),
        ("", ""),
    ],
)
def test_a_pattern_of_re2_matches_the_whole_text(pattern: str, text: str) -> None:
    assert compile_regex(pattern).fullmatch(text)


@pytest.mark.parametrize(
    ("pattern", "text"), [("api", "api2"), ("a$", "a\n"), (r"\d", "٣"), (r"\w", "é"), (r"\D", "1")]
)
def test_it_matches_nothing_else(pattern: str, text: str) -> None:
    assert compile_regex(pattern).fullmatch(text) is None


@pytest.mark.parametrize("pattern", ["(", "[a", r"(a)\1", "a(?=b)", "a{2,1}", "(?<=a)b", "*"])
def test_what_is_no_pattern_of_re2_is_bad_data(pattern: str) -> None:
    with pytest.raises(QueryError, match="error parsing regexp") as caught:
        compile_regex(pattern)
    assert caught.value.type == "bad_data"


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(.*a){20}", "a*a*a*a*a*b", "(a?){30}a{30}", "(x+x+)+y"]
)
def test_a_pattern_that_may_never_end_is_refused(pattern: str) -> None:
    with pytest.raises(QueryError, match="refused"):
        compile_regex(pattern)


@pytest.mark.parametrize("pattern", [".*a.*a.*b", "a*a*a*b", "a?" * 12 + "b"])
def test_the_slowest_that_is_taken_ends_soon(pattern: str) -> None:
    before = time.process_time()
    assert compile_regex(pattern).fullmatch("a" * 300) is None
    assert time.process_time() - before < 2
