"""Numbers in bulk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.metrics.exposition.numbers import number, numbers
from tests.metrics.exposition import reference


@given(st.text("0123456789.+-eEinfatyINFATY_xpP \t\r", max_size=8))
def test_a_text_is_a_number_where_a_slow_reader_says_so(text: str) -> None:
    try:
        wanted = reference.number(text)
    except reference.RefusedError:
        with pytest.raises(ValueError):
            number(text.encode())
        return
    assert repr(number(text.encode())) == repr(wanted)


@given(st.lists(st.floats(allow_infinity=False, allow_nan=False)))
def test_many_numbers_are_read_exactly(values: list[float]) -> None:
    assert numbers([repr(value).encode() for value in values]).tolist() == values


@pytest.mark.parametrize("odd", [b"1e999", b"-nan", b"1_0", b" 1", b"1\n", b"", b"\xff"])
def test_one_that_is_none_spoils_them_all(odd: bytes) -> None:
    with pytest.raises(ValueError):
        numbers([b"1", odd, b"NaN", b"+Inf"])
