"""The latest changes."""

from hypothesis import given
from hypothesis import strategies as st

from opsbook.web.live.ring import Ring


def test_nothing_was_missed_after_the_last() -> None:
    ring = Ring()
    ring.add(1, "one")
    assert ring.after(1, 1) == []
    assert Ring().after(0, 0) == []


def test_what_came_after_is_in_order() -> None:
    ring = Ring()
    for number, text in enumerate("abc", 1):
        ring.add(number, text)
    assert ring.after(1, 3) == ["b", "c"]
    assert ring.after(0, 3) == ["a", "b", "c"]


def test_a_number_that_is_none_of_ours_is_not_known() -> None:
    ring = Ring()
    ring.add(1, "one")
    assert ring.after(2, 1) is None
    assert ring.after(-1, 1) is None


@given(
    lengths=st.lists(st.integers(0, 30), max_size=30),
    most=st.integers(0, 10),
    most_characters=st.integers(0, 100),
    since=st.integers(-2, 32),
)
def test_it_gives_all_that_came_after_or_says_that_it_cannot(
    lengths: list[int], most: int, most_characters: int, since: int
) -> None:
    ring = Ring(most, most_characters)
    texts = [f"{number:*>{length}}" for number, length in enumerate(lengths, 1)]
    for number, text in enumerate(texts, 1):
        ring.add(number, text)
    found = ring.after(since, len(texts))
    if found is None:
        kept = texts[since:] if since >= 0 else texts
        too_much = len(kept) > most or sum(map(len, kept)) > most_characters
        assert too_much or not 0 <= since <= len(texts)
    else:
        assert found == texts[since:]
        assert sum(map(len, found)) <= most_characters
        assert len(found) <= most
