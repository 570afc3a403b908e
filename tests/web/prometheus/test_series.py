"""Names behind `U__`."""

import pytest

from opsbook.web.prometheus.series import unescaped


@pytest.mark.parametrize(
    ("escaped", "name"),
    [
        ("U__http_2e_status:sum", "http.status:sum"),
        ("U__a__b", "a_b"),
        ("U___1f600_", "\N{GRINNING FACE}"),
        ("U___2F_x", "/x"),
        ("U__", ""),
        ("U__a_b", "U__a_b"),
        ("U__a_", "U__a_"),
        ("U___110000_", "U___110000_"),
        ("U___d800_", "U___d800_"),
    ],
)
def test_a_name_is_read_as_prometheus_escapes_it(escaped: str, name: str) -> None:
    assert unescaped(escaped) == name
