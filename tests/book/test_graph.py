"""Circles."""

from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.graph import circles

NAMES = st.sampled_from("abcdef")


def test_a_circle_is_told_by_its_names() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": ["b"], "d": []}) == [["b", "c"]]


def test_one_that_waits_for_itself_is_a_circle() -> None:
    assert circles({"a": ["a"]}) == [["a"]]


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=3)))
def test_what_is_told_is_a_circle_indeed(graph: dict[str, list[str]]) -> None:
    for circle in circles(graph):
        for name, following in zip(circle, [*circle[1:], circle[0]], strict=True):
            assert following in graph[name]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_without_a_way_back_there_is_no_circle(pairs: list[tuple[int, int]]) -> None:
    graph: dict[str, list[str]] = {}
    for a, b in pairs:
        if a < b:
            graph.setdefault(str(a), []).append(str(b))
    assert circles(graph) == []
