"""RE2's language, in time that grows with the text alone."""

import time

import pytest

from opsbook.core.errors import BadInputError
from opsbook.metrics.regex import compile_regex, expanded


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
def test_what_is_no_pattern_of_re2_is_refused_and_quoted(pattern: str) -> None:
    with pytest.raises(BadInputError, match="error parsing regexp") as caught:
        compile_regex(pattern)
    assert f"`{pattern}`" in str(caught.value)


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(.*a){20}", "a*a*a*a*a*b", "(a?){30}a{30}b", "(x+x+)+y"]
)
def test_no_pattern_backtracks(pattern: str) -> None:
    before = time.process_time()
    compile_regex(pattern).fullmatch("a" * 100_000 + "c")
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$1-$2", "ab-"),
        ("${1}x$first", "abxab"),
        ("$1x", ""),
        ("$$1", "$1"),
        ("$9$none", ""),
        ("a$", "a$"),
    ],
)
def test_a_template_is_filled_with_groups(template: str, text: str) -> None:
    found = compile_regex("(?P<first>ab)(c)?").fullmatch("ab")
    assert found is not None
    assert expanded(template, found) == text
