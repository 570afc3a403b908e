"""Texts no longer than a service takes."""

from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.sending.cut import cut, cut_bytes


def test_a_text_that_fits_stays() -> None:
    assert cut("füllt", 5) == "füllt"
    assert cut_bytes("füllt", 6) == "füllt"


def test_what_is_left_out_is_marked() -> None:
    assert cut("zu lang", 6) == "zu la…"


def test_no_character_is_cut_in_two() -> None:
    assert cut_bytes("üüüü", 7) == "üü…"


@given(st.text(), st.integers(3, 50))
def test_it_is_never_longer(text: str, most: int) -> None:
    assert len(cut(text, most)) <= most
    assert len(cut_bytes(text, most).encode()) <= most
