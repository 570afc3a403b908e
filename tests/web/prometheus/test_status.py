"""What the server says of itself."""

import pytest

from tests.web.prometheus.conftest import Held


def test_the_store_tells_what_most_series_are_made_of(held: Held) -> None:
    told = held.client.data("/status/tsdb", limit="2")
    assert told["headStats"]["numSeries"] == len(held.samples)
    assert told["headStats"]["minTime"] == held.begin * 1000
    assert told["headStats"]["maxTime"] == held.end * 1000
    assert [each["value"] for each in told["seriesCountByMetricName"]] == [3, 3]
    assert told["labelValueCountByLabelName"][0] == {"name": "__name__", "value": 5}
    assert told["seriesCountByLabelValuePair"][0] == {"name": "job=api", "value": 10}


@pytest.mark.parametrize("limit", ["0", "-1", "x"])
def test_a_limit_of_what_is_told_is_positive(held: Held, limit: str) -> None:
    answer = held.client.get("/api/v1/status/tsdb", params={"limit": limit})
    assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")


def test_limits_stand_under_the_names_of_flags(held: Held) -> None:
    told = held.client.data("/status/flags")
    assert (told["query.timeout"], told["query.lookback-delta"]) == ("2m", "5m")
    assert told["query.max-concurrency"] == "20"


def test_the_configuration_is_empty_where_nothing_is_scraped(held: Held) -> None:
    assert held.client.data("/status/config") == {"yaml": ""}
    assert held.client.data("/status/runtimeinfo")["storageRetention"] == "15d"
