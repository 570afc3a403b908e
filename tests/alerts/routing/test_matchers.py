"""Matchers in both of Alertmanager's languages."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.routing.matchers import format_matchers, make_matcher, parse_matchers
from opsbook.core.errors import BadInputError
from opsbook.metrics.model import Matcher


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("{}", []),
        ("a=b", [("a", "=", "b")]),
        (' a = "b c" ', [("a", "=", "b c")]),
        ("{a=b,}", [("a", "=", "b")]),
        ('{a=~"x.*", b!="y"}', [("a", "=~", "x.*"), ("b", "!=", "y")]),
        ("a!~x|y", [("a", "!~", "x|y")]),
        ('"größe"="x"', [("größe", "=", "x")]),
        ("größe=klein", [("größe", "=", "klein")]),
        ('a="q\\"uote"', [("a", "=", 'q"uote')]),
        ('a="line\\nbreak"', [("a", "=", "line\nbreak")]),
        ('a="comma, inside"', [("a", "=", "comma, inside")]),
        ('a="😀"', [("a", "=", "😀")]),
        ("a=", [("a", "=", "")]),
        ('a=""', [("a", "=", "")]),
        ("a=b c", [("a", "=", "b c")]),
        ("{a=b", [("a", "=", "b")]),
        ("a==b{", [("a", "=", "=b{")]),
        ('a=~"\\d+"', [("a", "=~", "\\d+")]),
    ],
)
def test_matchers_are_read(text: str, found: list[tuple[str, str, str]]) -> None:
    assert [(each.name, each.op, each.value) for each in parse_matchers(text)] == found


@pytest.mark.parametrize("text", ["a", "=b", 'a="b', "a=~(", "a=b,,c=d", "é", 'a="b"c"', "{a}"])
def test_what_is_none_is_refused_and_shown(text: str) -> None:
    with pytest.raises(BadInputError, match=r"matcher|regexp"):
        parse_matchers(text)


def test_where_the_languages_disagree_the_classic_one_is_taken_and_it_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        (found,) = parse_matchers(r'a="\u0062"')
    assert found.value == r"\u0062"
    assert "quote the value" in caplog.text


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
            st.sampled_from(["=", "!="]),
            st.text(st.characters(codec="utf-8", exclude_characters="\0")),
        ),
        max_size=3,
    )
)
def test_what_was_written_is_read_again(parts: list[tuple[str, str, str]]) -> None:
    matchers = tuple(make_matcher(*part) for part in parts)
    assert parse_matchers(format_matchers(matchers)) == matchers


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"missing \)"):
        make_matcher("a", "=~", "(")
    assert make_matcher("a", "=", "(") == Matcher("a", "=", "(")
