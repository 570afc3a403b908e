"""Measurements from what targets give."""

import datetime
from decimal import Decimal

import pytest

from opsbook.probes.value import as_value


@pytest.mark.parametrize("plain", [None, True, 0, 1.5, "text", ""])
def test_what_is_a_measurement_already_stays_as_it_is(plain: object) -> None:
    assert as_value(plain) is plain


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (Decimal("1.25"), 1.25),
        (datetime.timedelta(minutes=1.5), 90.0),
        (b"na\xc3\xafve \xff", "naïve \ufffd"),
        (datetime.date(2026, 3, 1), "2026-03-01"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_the_rest_becomes_a_number_in_base_units_or_a_text(found: object, value: object) -> None:
    assert as_value(found) == value
