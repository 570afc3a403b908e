"""Regular expressions inside of templates."""

import time

import pytest

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.patterns import match, replace_all


def test_a_pattern_matches_anywhere_and_a_dot_no_newline() -> None:
    assert match("b", "abc")
    assert not match("a.c", "a\nc")
    assert match("(?s)a.c", "a\nc")


@pytest.mark.parametrize(
    ("pattern", "replacement", "text", "result"),
    [
        ("a*", "X", "baac", "XbXcX"),
        ("", "-", "é日", "-é-日-"),
        ("é", "[$0]", "aéb", "a[é]b"),
        ("(?P<n>b)", "${n}${n}$n1$$", "abc", "abb$c"),
        ("x", "y", "abc", "abc"),
    ],
)
def test_every_match_is_replaced(pattern: str, replacement: str, text: str, result: str) -> None:
    assert replace_all(pattern, replacement, text) == result


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", "[z-a]", "x{1001}"])
def test_what_is_no_pattern_is_refused_and_quoted(pattern: str) -> None:
    with pytest.raises(CallError, match="no regular expression"):
        match(pattern, "")


def test_neither_matching_nor_replacing_goes_on_without_end() -> None:
    before = time.process_time()
    match("(a?){30}a{30}", "a" * 1_000_000)
    with pytest.raises(CallError, match="too often"):
        replace_all("a", "b", "a" * 1_000_000)
    with pytest.raises(CallError, match="longer than"):
        replace_all("a", "b" * 1_000, "a" * 10_000)
    assert time.process_time() - before < 5
