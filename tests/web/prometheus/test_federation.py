"""What `/federate` shows, and what it leaves out."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.core.labels import labels_of
from opsbook.metrics.model import STALE
from opsbook.metrics.stores.embedded import Embedded
from opsbook.web.prometheus.sources import Sources
from tests.web.prometheus.served import embedded, served

ALL = {"match[]": '{__name__=~".+"}'}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Embedded]:
    with embedded(tmp_path) as store:
        yield store


def text_of(store: Embedded, sources: Sources | None = None) -> list[str]:
    with served(store, sources) as client:
        lines: list[str] = client.get("/federate", params=ALL).text.splitlines()
    return lines


def put(store: Embedded, ago: float, value: float, **labels: str) -> int:
    at = int((time.time() - ago) * 1000)
    store.append("test", at, {labels_of({"__name__": "up", **labels}): value})
    return at


def test_only_the_newest_sample_of_a_series_is_shown(store: Embedded) -> None:
    put(store, 20, 0, instance="a")
    at = put(store, 10, 1, instance="a")
    assert text_of(store) == ["# TYPE up untyped", f'up{{instance="a"}} 1 {at}']


def test_what_has_ended_or_is_old_is_left_out(store: Embedded) -> None:
    put(store, 400, 1, instance="old")
    put(store, 20, 1, instance="ended")
    put(store, 10, float(STALE), instance="ended")
    assert text_of(store) == []


def test_external_labels_are_put_where_none_are(store: Embedded) -> None:
    at = put(store, 20, 1, site="its own")
    put(store, 10, 2)
    lines = text_of(store, Sources(external_labels={"site": "here"}))
    assert lines[1] == 'up{instance="",site="here"} 2 ' + lines[1].split()[-1]
    assert lines[2] == f'up{{site="its own",instance=""}} 1 {at}'


def test_names_are_escaped_as_the_format_needs(store: Embedded) -> None:
    put(store, 10, 1, **{"instance": "a", "http.status": "200"})
    assert 'up{http_status="200",instance="a"}' in text_of(store)[1]
