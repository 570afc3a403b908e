"""The index finds what a look at every series would find."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.core.errors import BadInputError
from opsbook.core.labels import labels_of
from opsbook.metrics.model import Matcher
from opsbook.metrics.storage.index import Index
from tests.metrics.storage.model import matches

TEXT = st.sampled_from(["", "a", "b", "ab"])
SERIES = st.fixed_dictionaries({"x": TEXT, "y": TEXT, "__name__": st.just("m")}).map(labels_of)
MATCHER = st.builds(
    Matcher,
    st.sampled_from(["x", "y", "z"]),
    st.sampled_from(["=", "!=", "=~", "!~"]),
    st.sampled_from(["", "a", "a|b", ".*", ".+", "a.*"]),
)


@given(st.lists(SERIES), st.sets(st.integers(0, 5)), st.lists(MATCHER, max_size=3))
def test_matching_is_that_of_every_single_series(
    series: list[tuple[tuple[str, str], ...]], gone: set[int], matchers: list[Matcher]
) -> None:
    index = Index()
    for labels in series:
        index.add("g", labels)
    index.remove(gone & index.labels.keys())
    found = index.match(tuple(matchers)).tolist()
    assert found == [n for n, labels in index.labels.items() if matches(labels, matchers)]


def test_the_same_labels_in_two_groups_are_twins() -> None:
    index, labels = Index(), labels_of({"__name__": "up"})
    first, second = index.add("a", labels), index.add("b", labels)
    assert index.add("a", labels) == first
    assert index.twins == {first, second}
    index.remove([first])
    assert index.twins == set()
    assert index.find("b", labels) == second
    assert index.find("a", labels) is None


def test_a_pattern_that_is_none_is_named() -> None:
    index = Index()
    index.add("g", labels_of({"__name__": "m"}))
    with pytest.raises(BadInputError, match=r"`\(`"):
        index.match((Matcher("__name__", "=~", "("),))
