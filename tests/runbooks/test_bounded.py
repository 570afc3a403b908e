"""Results that are too large are cut, and say so."""

from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.runbooks.bounded import MOST, bounded, size


def test_a_small_result_stays_as_it_is() -> None:
    assert bounded({"a": 1, "b": ["x"]}) == {"a": 1, "b": ["x"]}


def test_of_a_long_text_the_end_is_kept() -> None:
    kept = bounded({"code": 1, "output": "x" * 100_000 + "the error"})
    assert kept["code"] == 1
    assert str(kept["output"]).endswith("the error")
    assert kept["cut"] == ["output"]
    assert size(kept) <= MOST


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.tuples(st.sampled_from(["x", "ü", '"', "\\", "\n", "😀"]), st.integers(0, 90_000)),
        min_size=1,
    )
)
def test_whatever_it_is_it_fits(parts: dict[str, tuple[str, int]]) -> None:
    assert size(bounded({name: sign * count for name, (sign, count) in parts.items()})) <= MOST


def test_a_large_list_is_named_and_left_out() -> None:
    kept = bounded({"series": [{"value": 1.0}] * 10_000})
    assert kept["cut"] == ["series"]
    assert size(kept) <= MOST
