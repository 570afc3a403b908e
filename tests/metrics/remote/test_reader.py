"""What real servers are asked, and what they do not do."""

import time
from collections.abc import Iterator

import pytest

from opsbook.metrics.model import Matcher
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.querier import never
from opsbook.metrics.remote.client import Access, Client
from opsbook.metrics.remote.reader import Reader
from opsbook.metrics.store import StoreError
from tests.metrics.remote.messages import body, series
from tests.metrics.storage.model import bits, samples
from tests.servers.prometheus import Server, prometheus, victoria_metrics

NOW = int(time.time()) * 1000
UP = series("up", job="api")
ALL = (Matcher("__name__", "=", "up"),)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    opened = Client(Access(dict))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, client: Client) -> Iterator[Server]:
    """A Prometheus that holds three samples and lets nobody delete them."""
    directory = tmp_path_factory.mktemp("prometheus")
    flags = ("--web.enable-remote-write-receiver", "--query.max-samples=100")
    with prometheus(directory, "", *flags) as running:
        sent = body({UP: [(NOW + step * 1000, float(step)) for step in range(3)]})
        assert client.ask("POST", f"{running.url}/api/v1/write", content=sent).status == 204
        yield running


@pytest.fixture
def reader(server: Server, client: Client) -> Reader:
    return Reader(client, server.url + "/", 10.0)


def test_an_expression_is_evaluated_there(reader: Reader) -> None:
    instant = reader.instant("up * 2", NOW + 2000)
    assert (instant.type, instant.series[0].values.tolist()) == ("vector", [4.0])
    ranged = reader.range("up * 2", NOW, NOW + 2000, 1000, never)
    assert ranged.type == "matrix"
    assert ranged.series[0].times.tolist() == [NOW, NOW + 1000, NOW + 2000]
    assert ranged.series[0].values.tolist() == [0.0, 2.0, 4.0]


def test_what_cannot_be_parsed_is_told_in_the_servers_words(reader: Reader) -> None:
    with pytest.raises(QueryError, match="parse error") as caught:
        reader.instant("sum(", NOW)
    assert caught.value.type == "bad_data"


def test_a_query_is_canceled(reader: Reader) -> None:
    with pytest.raises(QueryError, match="canceled") as caught:
        reader.range("count_over_time(up[1d:1ms])", NOW, NOW + 1000, 1, lambda: True)
    assert caught.value.type == "canceled"


def test_raw_samples_lie_between_both_ends(reader: Reader) -> None:
    found = samples(reader.samples(ALL, NOW, NOW + 1000))
    assert found == {UP: {NOW: bits(0.0), NOW + 1000: bits(1.0)}}


def test_a_server_that_deletes_nothing_is_told_from_one_that_does(reader: Reader) -> None:
    with pytest.raises(StoreError, match=r"nothing was deleted.*--web\.enable-admin-api"):
        reader.delete(ALL, None)


def test_victoria_metrics_deletes_series_and_no_ranges(
    tmp_path_factory: pytest.TempPathFactory, client: Client
) -> None:
    directory = tmp_path_factory.mktemp("victoria-metrics")
    with victoria_metrics(directory) as server:
        reader = Reader(client, server.url, 10.0)
        client.ask("POST", f"{server.url}/api/v1/write", content=body({UP: [(NOW, 1.0)]}))
        assert server.visit("/internal/force_flush")
        with pytest.raises(StoreError, match=r"nothing was deleted: .* only whole series"):
            reader.delete(ALL, (NOW, NOW))
        assert samples(reader.samples(ALL, 0, NOW)) == {UP: {NOW: bits(1.0)}}
        reader.delete(ALL, None)
        assert reader.samples(ALL, 0, NOW) == []
