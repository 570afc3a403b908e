"""Labels of series and of targets come together as in Prometheus."""

from typing import Any

import pytest

from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.scraping.naming import Naming, RefusedError, join
from tests.metrics.scraping.exposer import make_config

TARGET: Labels = (("instance", "db:1"), ("job", "db"))


def exposed(*series: dict[str, str]) -> tuple[Labels, ...]:
    return tuple(labels_of({"__name__": "a", **labels}) for labels in series)


def naming(**settings: Any) -> Naming:
    return Naming(make_config(1, **settings), TARGET)


@pytest.mark.parametrize(
    ("given", "honor", "joined"),
    [
        ({}, False, {"job": "db", "instance": "db:1"}),
        ({"job": "x"}, False, {"job": "db", "exported_job": "x", "instance": "db:1"}),
        ({"job": "x"}, True, {"job": "x", "instance": "db:1"}),
        (
            {"job": "x", "exported_job": "y"},
            False,
            {"job": "db", "exported_exported_job": "x", "exported_job": "y", "instance": "db:1"},
        ),
    ],
)
def test_the_target_wins_unless_the_series_is_honoured(
    given: dict[str, str], honor: bool, joined: dict[str, str]
) -> None:
    assert join(given, TARGET, honor) == joined


def test_the_same_series_are_named_once() -> None:
    series = exposed({"x": "1"}, {"x": "2"})
    names = naming()
    assert names.name(series) is names.name(series)


def test_relabelling_drops_series_and_keeps_their_places_free() -> None:
    rule = {"source_labels": ["x"], "regex": "1", "action": "drop"}
    named = naming(metric_relabel_configs=[rule]).name(exposed({"x": "1"}, {"x": "2"}))
    assert (named.places.tolist(), named.remaining) == ([1], 1)


def test_of_series_that_become_the_same_the_first_counts() -> None:
    rule = {"regex": "x", "action": "labeldrop"}
    named = naming(metric_relabel_configs=[rule]).name(exposed({"x": "1"}, {"x": "2"}))
    assert (named.places.tolist(), len(named.labels), named.remaining) == ([0], 1, 2)


def test_a_series_without_a_name_is_refused() -> None:
    rule = {"regex": "__name__", "action": "labeldrop"}
    with pytest.raises(RefusedError, match="no name after relabelling"):
        naming(metric_relabel_configs=[rule]).name(exposed({"x": "1"}))


@pytest.mark.parametrize(
    ("setting", "least"),
    [
        ("label_limit", 4),
        ("label_name_length_limit", len("instance")),
        ("label_value_length_limit", len("ößß".encode())),
    ],
)
def test_limits_refuse_what_is_beyond_them_and_no_more(setting: str, least: int) -> None:
    series = exposed({"x": "ößß"})
    assert naming(**{setting: least}).name(series).remaining == 1
    with pytest.raises(RefusedError, match=f"beyond {setting}, {least - 1}"):
        naming(**{setting: least - 1}).name(series)


def test_an_empty_label_that_is_honoured_keeps_the_targets_away() -> None:
    (labels,) = naming(honor_labels=True).name(((("__name__", "a"), ("instance", "")),)).labels
    assert labels == (("__name__", "a"), ("job", "db"))
