"""What Grafana's Prometheus data source sends, word for word, and what it has to get.

Source: Grafana's own client (`pkg/promlib`, `packages/grafana-prometheus`): queries go by POST
as forms, times are seconds with decimals, label names are escaped as `U__…`.
"""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.web.prometheus.conftest import Held

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "gzip"}
SPAN = {"start": "{begin}", "end": "{end}"}
LABELS, SERIES = "list of texts", "list of labels"

REQUESTS: list[tuple[str, str, dict[str, Any], str]] = [
    # "Save & test": a sum that needs no data, and who it is
    ("POST", "/api/v1/query", {"query": "1+1", "time": "4"}, "scalar"),
    ("GET", "/api/v1/status/buildinfo", {}, "an object"),
    # a panel: a range, an instant, and the exemplars it would show
    (
        "POST",
        "/api/v1/query_range",
        {"query": "rate(requests_total[1m0s])", **SPAN, "step": "15", "timeout": "60s"},
        "matrix",
    ),
    ("POST", "/api/v1/query", {"query": "up", "time": "{end}.789"}, "vector"),
    ("POST", "/api/v1/query_exemplars", {"query": "up", **SPAN}, "an empty list"),
    # the query editor, of today and of some years ago
    ("GET", "/api/v1/label/__name__/values", {"limit": "40000", **SPAN}, LABELS),
    ("GET", "/api/v1/label/__name__/values", {"match[]": '{job="api"}', **SPAN}, LABELS),
    ("GET", "/api/v1/label/job/values", {"match[]": '{__name__="up"}', **SPAN}, LABELS),
    ("GET", "/api/v1/label/U__j_6f_b/values", {"limit": "40000"}, LABELS),
    ("POST", "/api/v1/labels", {"limit": "40000", **SPAN}, LABELS),
    ("POST", "/api/v1/labels", {"match[]": '{__name__="up"}', **SPAN}, LABELS),
    ("POST", "/api/v1/series", {"match[]": '{__name__!=""}', "limit": "40000", **SPAN}, SERIES),
    ("GET", "/api/v1/series", {"match[]": "up", **SPAN}, SERIES),
    ("GET", "/api/v1/metadata", {"limit": "40000"}, "an object"),
    # alerting
    ("GET", "/api/v1/rules", {}, "an object"),
    ("GET", "/api/v1/alerts", {}, "an object"),
    ("GET", "/api/v1/status/flags", {}, "an object"),
    ("GET", "/api/v1/alertmanagers", {}, "an object"),
]


@pytest.mark.parametrize(("method", "path", "given", "shape"), REQUESTS)
def test_grafana_gets_what_it_can_show(
    held: Held, method: str, path: str, given: dict[str, Any], shape: str
) -> None:
    filled = {
        name: value.replace("{begin}", f"{held.begin:.0f}").replace("{end}", f"{held.end:.0f}")
        for name, value in given.items()
    }
    if method == "POST":
        answer = held.client.post(path, content=urlencode(filled), headers=FORM)
    else:
        answer = held.client.get(path, params=filled)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["status"] == "success"
    assert shape_of(told["data"]) == shape


def test_grafana_takes_it_for_a_prometheus(held: Held) -> None:
    build = held.client.data("/status/buildinfo")
    assert build["version"].startswith("3.")
    # With features it would be taken for a Mimir, whose rules can be written.
    assert "features" not in build
    assert "application" not in build


def shape_of(data: Any) -> str:
    """In the words of the table above."""
    if isinstance(data, dict):
        return str(data.get("resultType", "an object"))
    if not data:
        return "an empty list"
    if all(isinstance(each, str) for each in data):
        return LABELS
    assert all("__name__" in each for each in data)
    return SERIES
