"""Fingerprints are those of Prometheus and Alertmanager."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.fingerprint import fingerprint, fingerprints
from opsbook.core.labels import Labels, labels_of


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


LABELS = st.dictionaries(st.text(max_size=30), st.text(min_size=1, max_size=600), max_size=5)


@given(st.lists(LABELS.map(labels_of), max_size=80))
def test_the_fingerprints_of_many_are_those_of_each(label_sets: list[Labels]) -> None:
    assert fingerprints(label_sets) == [fingerprint(labels) for labels in label_sets]


def test_a_long_value_takes_no_more_memory_among_many() -> None:
    label_sets = [labels_of({"a": "x" * (1_000_000 if n == 7 else n)}) for n in range(1, 500)]
    tracemalloc.start()
    found = fingerprints(label_sets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found[6] == fingerprint(label_sets[6])
    assert peak < 20_000_000
