"""HTML no longer than a service takes, and still HTML."""

import re

from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.sending.cut_html import cut_html

PIECES = st.sampled_from(["&lt;", "&amp;", "word ", "ü"])
NESTED = st.recursive(
    PIECES,
    lambda inner: st.tuples(st.sampled_from(["b", "i", "code"]), st.lists(inner, max_size=4)).map(
        lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0]}>"
    ),
    max_leaves=30,
)


def test_tags_are_closed_in_their_order() -> None:
    assert cut_html("<b>bold <i>both</i></b>", 22) == "<b>bold <i>bo…</i></b>"


def test_a_tag_is_not_cut_in_two() -> None:
    assert cut_html('word <a href="http://host">link</a>', 20) == "word …"


def test_an_entity_is_not_cut_in_two() -> None:
    assert cut_html("a &amp; b and more", 6) == "a …"


def test_a_tag_that_was_closed_is_not_closed_again() -> None:
    assert cut_html("<b>a</b> and much more", 15) == "<b>a</b> and m…"


@given(NESTED, st.integers(30, 60))
def test_it_is_never_longer_and_stays_well_formed(text: str, most: int) -> None:
    short = cut_html(text, most)
    assert len(short) <= most
    open_tags: list[str] = []
    for closing, name, odd in re.findall(r"<(/?)([a-z]+)[^<>]*>|(<|&(?!lt;|amp;))", short):
        assert not odd
        if closing:
            assert open_tags.pop() == name
        else:
            open_tags.append(name)
    assert not open_tags
