"""Targets and metadata, from whoever scrapes."""

from collections.abc import Iterator, Sequence

import pytest

from opsbook.core.labels import labels_of
from opsbook.metrics.metadata import Catalogue, Metadata
from opsbook.metrics.scraping.status import DroppedTarget, TargetStatus
from opsbook.web.prometheus.sources import Sources
from tests.web.prometheus.served import Client, embedded, served

URL = "http://10.0.0.1:9100/metrics"
DISCOVERED = labels_of({"__address__": "10.0.0.1:9100", "job": "node"})
LABELS = labels_of({"instance": "10.0.0.1:9100", "job": "node"})


class Scraper:
    """One target that is up, one that was never asked, one that was taken out."""

    def targets(self) -> Sequence[TargetStatus]:
        up = TargetStatus("node", URL, DISCOVERED, LABELS, "up", "", 1.5, 0.25, 15, 10, "node/1")
        new = TargetStatus("app", "http://b/m", (), (), "unknown", "", None, None, 90, 0.5)
        return [up, new]

    def dropped(self) -> Sequence[DroppedTarget]:
        return [DroppedTarget("node", labels_of({"__address__": "c"}))]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    catalogue = Catalogue()
    catalogue.note("node/1", {"up": Metadata("gauge", "Is it?"), "x_total": Metadata("counter")})
    catalogue.note("pushed", {"up": Metadata("unknown", "?", "seconds")})
    sources = Sources(catalogue, targets=Scraper())
    with embedded(tmp_path_factory.mktemp("store")) as store, served(store, sources) as client:
        yield client


def test_a_target_is_shown_as_prometheus_shows_it(client: Client) -> None:
    new, up = client.data("/targets")["activeTargets"]
    assert up == {
        "discoveredLabels": dict(DISCOVERED),
        "labels": dict(LABELS),
        "scrapePool": "node",
        "scrapeUrl": URL,
        "globalUrl": URL,
        "lastError": "",
        "lastScrape": "1970-01-01T00:00:01.500Z",
        "lastScrapeDuration": 0.25,
        "health": "up",
        "scrapeInterval": "15s",
        "scrapeTimeout": "10s",
    }
    assert (new["lastScrape"], new["health"]) == ("0001-01-01T00:00:00Z", "unknown")
    assert (new["scrapeInterval"], new["scrapeTimeout"]) == ("1m30s", "500ms")


@pytest.mark.parametrize(
    ("given", "active", "dropped"),
    [
        ({}, 2, 1),
        ({"state": "any"}, 2, 1),
        ({"state": "ACTIVE"}, 2, 0),
        ({"state": "dropped"}, 0, 1),
        ({"scrapePool": "node"}, 1, 1),
        ({"scrapePool": "app"}, 1, 0),
    ],
)
def test_targets_are_chosen_by_state_and_job(
    client: Client, given: dict[str, str], active: int, dropped: int
) -> None:
    found = client.data("/targets", **given)
    assert (len(found["activeTargets"]), len(found["droppedTargets"])) == (active, dropped)


def test_dropped_targets_are_counted_by_job(client: Client) -> None:
    assert client.data("/targets")["droppedTargetCounts"] == {"app": 0, "node": 1}
    assert client.data("/scrape_pools") == {"scrapePools": ["app", "node"]}


def test_metadata_of_all_sources_are_told_once_each(client: Client) -> None:
    told = client.data("/metadata")
    assert told["up"] == [
        {"type": "gauge", "help": "Is it?", "unit": ""},
        {"type": "unknown", "help": "?", "unit": "seconds"},
    ]
    assert list(client.data("/metadata", metric="x_total")) == ["x_total"]
    assert list(client.data("/metadata", limit="1")) == ["up"]
    assert len(client.data("/metadata", limit_per_metric="1")["up"]) == 1


def test_metadata_of_a_target_are_found_by_its_labels(client: Client) -> None:
    (found,) = client.data("/targets/metadata", match_target='{job="node"}', metric="up")
    assert found == {"target": dict(LABELS), "type": "gauge", "help": "Is it?", "unit": ""}
    assert len(client.data("/targets/metadata", match_target='{job="node"}')) == 2
    assert client.data("/targets/metadata", match_target='{job="app"}') == []
