"""Labels."""

import pytest

from opsbook.core.labels import format_labels, labels_of


def test_labels_are_in_order_and_an_empty_one_is_none() -> None:
    assert labels_of({"b": "2", "a": "1", "c": ""}) == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ({"__name__": "up", "job": "api"}, 'up{job="api"}'),
        ({"__name__": "up"}, "up"),
        ({"job": 'a"b\\c\nd'}, r'{job="a\"b\\c\nd"}'),
        ({}, "{}"),
        ({"__name__": "my.metric", "a.b": "c"}, '{"my.metric", "a.b"="c"}'),
    ],
)
def test_a_series_is_written_as_prometheus_writes_it(pairs: dict[str, str], text: str) -> None:
    assert format_labels(labels_of(pairs)) == text
