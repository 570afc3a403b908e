"""Units: limits are read in them, values are shown in them."""

import math

import pytest

from opsbook.metrics.kpis.unit import UNITS, UnitName


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("number", "4.5", 4.5),
        ("percent", "99.9 %", 99.9),
        ("ratio", "99.51 %", 0.9951),
        ("seconds", "200ms", 0.2),
        ("seconds", "30d", 2_592_000),
        ("bytes", "10 GiB", 10 * 2**30),
        ("bytes/s", "1 MB/s", 1e6),
        ("bytes/s", "800 kB", 8e5),
        ("/s", "60/s", 60),
        ("/s", "60", 60),
    ],
)
def test_a_limit_is_read_in_base_units(unit: UnitName, text: str, value: float) -> None:
    assert UNITS[unit].read(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("number", 1_234_567, "1234570"),
        ("number", 0.5, "0.5"),
        ("percent", 99.95, "99.95 %"),
        ("ratio", 0.99512, "99.512 %"),
        ("seconds", 0.0164, "16.4 ms"),
        ("bytes", 2048, "2 KiB"),
        ("bytes/s", 2048, "2 KiB/s"),
        ("/s", 59.5, "59.5/s"),
        ("seconds", math.inf, "+Inf"),
        ("bytes", math.nan, "NaN"),
        ("/s", -math.inf, "-Inf"),
    ],
)
def test_a_value_is_shown_with_its_unit(unit: UnitName, value: float, text: str) -> None:
    assert UNITS[unit].text(value) == text
