"""Bounds as OpenMetrics writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.metrics.exposition.canonical import canonical
from tests.metrics.exposition import reference


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1", "1.0"),
        ("0", "0.0"),
        ("-0", "0.0"),
        ("-1", "-1.0"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("4096", "4096.0"),
        ("100000", "100000.0"),
        ("1000000", "1e+06"),
        ("1234567", "1.234567e+06"),
        ("123456.5", "123456.5"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("1e100", "1e+100"),
        ("5.9604644775390625e-08", "5.960464477539063e-08"),
        ("inf", "+Inf"),
        ("-Inf", "-Inf"),
        ("nan", "NaN"),
        ("", ""),
        ("fast", "fast"),
        ("1e400", "1e400"),
    ],
)
def test_a_bound_has_one_spelling(written: str, meant: str) -> None:
    assert canonical(written) == meant


@given(st.floats())
def test_it_is_the_shortest_that_means_the_same(value: float) -> None:
    assert canonical(repr(value)) == reference.shown(repr(value))
    assert float(canonical(repr(value))) == value or value != value
