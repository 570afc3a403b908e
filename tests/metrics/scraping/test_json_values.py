"""Numbers in JSON answers become samples."""

import json
import math
from typing import Any

import pytest

from opsbook.core.labels import format_labels
from opsbook.metrics.exposition.reader import ExpositionError
from opsbook.metrics.scraping.json_values import JsonReader
from opsbook.metrics.scraping.settings import JsonValue


def found(document: Any, **declared: Any) -> dict[str, float]:
    values = {name: JsonValue.model_validate(value) for name, value in declared.items()}
    read = JsonReader(values).read(json.dumps(document).encode(), "application/json")
    return dict(zip(map(format_labels, read.labels), read.values.tolist(), strict=True))


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1.0), (2.5, 2.5), (True, 1.0), (False, 0.0), ("12", 12.0), (" -1.5e3 ", -1500.0)],
)
def test_numbers_truths_and_texts_that_are_numbers_count(value: Any, number: float) -> None:
    assert found({"a": {"b": value}}, m={"path": "a.b"}) == {"m": number}


@pytest.mark.parametrize(
    "value", [None, "many", "", "nan", "0x10", "1_000", [1], {}, math.nan, 10**400]
)
def test_what_is_no_number_is_no_sample(value: Any) -> None:
    assert found({"a": value}, m={"path": "a"}) == {}


@pytest.mark.parametrize("path", ["b", "a.b", "l[9]", "l.a", "a[0]", "a[*]"])
def test_what_is_missing_is_no_sample(path: str) -> None:
    assert found({"a": 1, "l": [1]}, m={"path": path}) == {}


def test_each_element_of_a_list_is_a_series_with_labels_of_its_own() -> None:
    queues = [{"name": "in", "n": {"ready": 3}}, {"name": "out", "n": {"ready": 0}, "old": True}]
    declared = {"path": "queues[*].n.ready", "labels": {"queue": ".name", "old": "old"}}
    assert found({"queues": queues}, depth=declared) == {
        'depth{queue="in"}': 3.0,
        'depth{old="true", queue="out"}': 0.0,
    }


def test_of_lists_in_lists_the_inner_element_gives_the_labels() -> None:
    nodes = [{"queues": [{"q": "a", "n": 1}, {"q": "b", "n": 2}]}, {"queues": [{"q": "c", "n": 3}]}]
    declared = {"path": "$[*].queues[*].n", "labels": {"q": "q"}}
    assert found(nodes, m=declared) == {'m{q="a"}': 1.0, 'm{q="b"}': 2.0, 'm{q="c"}': 3.0}


def test_without_a_list_labels_come_from_the_top() -> None:
    document = {"version": "1.2", "state": {"up": 1}}
    declared = {"path": "state.up", "labels": {"version": "version"}}
    assert found(document, m=declared) == {'m{version="1.2"}': 1.0}


def test_the_first_of_elements_with_the_same_labels_counts() -> None:
    declared = {"m": JsonValue(path="[*]")}
    read = JsonReader(declared).read(b"[1, 2, 3]", "")
    assert (read.values.tolist(), read.repeated) == ([1.0], 2)


def test_series_that_stay_the_same_are_the_same_object() -> None:
    reader = JsonReader({"m": JsonValue(path="a", help="What it is.")})
    first, second = reader.read(b'{"a": 1}', ""), reader.read(b'{"a": 2}', "")
    assert first.labels is second.labels
    assert second.metadata["m"].help == "What it is."


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"<html>"])
def test_what_is_not_json_is_an_error(body: bytes) -> None:
    with pytest.raises(ExpositionError, match="not JSON"):
        JsonReader({"m": JsonValue(path="a")}).read(body, "")
