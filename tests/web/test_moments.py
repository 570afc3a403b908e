"""Moments as JSON has them."""

from opsbook.web.moments import moment, moment_or_none, text_or_none


def test_a_moment_is_in_utc_and_to_the_millisecond() -> None:
    assert moment(1.23456).isoformat() == "1970-01-01T00:00:01.234000+00:00"


def test_what_has_not_happened_has_no_moment() -> None:
    assert (moment_or_none(None), text_or_none(None)) == (None, None)
    assert text_or_none(1.5) == "1970-01-01T00:00:01.500Z"
