"""Matchers in both of Alertmanager's languages."""

import json
import logging
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.routing.matchers import (
    format_matchers,
    in_order,
    make_matcher,
    parse_matchers,
)
from opsbook.core.errors import BadInputError
from opsbook.metrics.model import Matcher
from tests.alerts.amtool import refused_by_amtool, routes_by_amtool


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
        (r'"a b"="\xf0\x9f\x99\x82\u00e9\101\t"', [("a b", "=", "🙂éA\t")]),
        ("a=b\\,c=d", [("a", "=", "b\\"), ("c", "=", "d")]),
        ("a=b\\", [("a", "=", "b\\")]),
        ("{a=b} ", [("a", "=", "b}")]),
    ],
)
def test_matchers_are_read(text: str, found: list[tuple[str, str, str]]) -> None:
    assert [(each.name, each.op, each.value) for each in parse_matchers(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        *("a", "=b", 'a="b', "a=~(", "a=b,,c=d", "é", 'a="b"c"', "{a}"),
        *(r'"a"="\xff"', r'"a"="\400"', r'"a"="\ud800"', r'"a"="\q"', r'"a"="\'"'),
    ],
)
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


def test_the_order_is_alertmanagers() -> None:
    matchers = parse_matchers('b="x",a!~"x",a=~"x",a!="x",a="x",a="w"')
    assert format_matchers(in_order(matchers)) == '{a="w",a="x",a!="x",a=~"x",a!~"x",b="x"}'


def test_what_amtool_takes_is_read_as_amtool_reads_it(tmp_path: Path) -> None:
    chance = random.Random(1)
    texts = {"a=" + "".join(chance.choices(PARTS, k=chance.randint(1, 7))) for _ in range(300)}
    files = {with_matchers(tmp_path / f"{at}.yml", [text]): text for at, text in enumerate(texts)}
    refused = refused_by_amtool(list(files))
    taken = sorted(text for file, text in files.items() if file not in refused)
    assert len(taken) > 100
    ours = [format_matchers(in_order(parse_matchers(text))) for text in taken]
    shown = routes_by_amtool(with_matchers(tmp_path / "all.yml", taken))
    assert ours == re.findall("^    [├└]── (.*)  receiver: r$", shown, re.MULTILINE)


PARTS = [
    *("a", "b", "=", "!=", "=~", '"', "\\", '\\"', "\\\\", "\\n", ",", " ", "{", "}", "x"),
    *(".*", "|", "ü", "\n", ',b="', '"', ",c="),
]


def with_matchers(file: Path, texts: list[str]) -> Path:
    """A configuration with a route for each of the texts."""
    routes = [{"matchers": [text]} for text in texts]
    whole = {"route": {"receiver": "r", "routes": routes}, "receivers": [{"name": "r"}]}
    file.write_text(json.dumps(whole))
    return file


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"missing \)"):
        make_matcher("a", "=~", "(")
    assert make_matcher("a", "=", "(") == Matcher("a", "=", "(")
