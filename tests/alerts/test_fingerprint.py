"""Fingerprints are those of Prometheus and Alertmanager."""

import pytest

from opsbook.alerts.fingerprint import fingerprint
from opsbook.core.labels import labels_of


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        # As Alertmanager 0.25 gives them for the same labels.
        ({"alertname": "x"}, "d240efc3896bf266"),
        ({}, "cbf29ce484222325"),
    ],
)
def test_a_fingerprint_is_fnv_1a_of_names_and_values(labels: dict[str, str], expected: str) -> None:
    assert fingerprint(labels_of(labels)) == expected


def test_where_a_name_ends_matters() -> None:
    assert fingerprint((("ab", "c"),)) != fingerprint((("a", "bc"),))
