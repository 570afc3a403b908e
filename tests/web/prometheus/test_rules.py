"""Rules and alerts, from whoever evaluates them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.rules.recording import RecordingRule
from opsbook.metrics.rules.rule import Ask, Rule, Samples
from opsbook.metrics.rules.spec import GroupSpec, RuleSpec
from opsbook.metrics.rules.status import GroupStatus, RuleStatus
from opsbook.web.prometheus.sources import Sources
from tests.web.prometheus.served import Client, embedded, served


@dataclass(frozen=True)
class Raised:
    labels: Labels
    annotations: Labels
    state: Literal["pending", "firing"] = "firing"
    active_at: float = 10.0
    keep_firing_since: float | None = None
    value: float = 0.5


class Alerting(Rule):
    """As far as the API asks it."""

    name = "Down"
    state = "firing"

    def __init__(self, spec: RuleSpec) -> None:
        self.spec = spec
        labels = labels_of({"alertname": "Down", "job": "api"})
        self.alerts = [Raised(labels, labels_of({"summary": "it is down"}))]

    @property
    def identity(self) -> str:
        return self.name

    def evaluate(self, at: int, ask: Ask) -> Samples:
        return {}


SUM = RuleSpec(record="job:up:sum", expr="sum by (job) (up)")
DOWN = RuleSpec.model_validate(
    {"alert": "Down", "expr": "up == 0", "for": "5m", "labels": {"severity": "page"}}
)


class Evaluated:
    """Two groups: one that records, one that alerts and fails."""

    def status(self) -> Sequence[GroupStatus]:
        records = RecordingRule(GroupSpec(), SUM)
        first = RuleStatus(records, "ok", "", 20.0, 0.125, 3)
        second = RuleStatus(Alerting(DOWN), "err", "no store", 21.0, 0.5, 0)
        return [
            GroupStatus("sums", "a.yml", 60.0, 0, (first,), 20.0, 0.25, 1, 0),
            GroupStatus("alerts", "b.yml", 30.0, 5, (second,), None, None, 0, 0),
        ]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    sources = Sources(rules=Evaluated())
    with embedded(tmp_path_factory.mktemp("store")) as store, served(store, sources) as client:
        yield client


ALERT = {
    "labels": {"alertname": "Down", "job": "api"},
    "annotations": {"summary": "it is down"},
    "state": "firing",
    "activeAt": "1970-01-01T00:00:10.000Z",
    "value": "5e-01",
}


def test_groups_are_shown_with_their_rules(client: Client) -> None:
    sums, alerts = client.data("/rules")["groups"]
    assert sums == {
        "name": "sums",
        "file": "a.yml",
        "interval": 60,
        "limit": 0,
        "evaluationTime": 0.25,
        "lastEvaluation": "1970-01-01T00:00:20.000Z",
        "rules": [
            {
                "name": "job:up:sum",
                "query": "sum by (job) (up)",
                "health": "ok",
                "evaluationTime": 0.125,
                "lastEvaluation": "1970-01-01T00:00:20.000Z",
                "type": "recording",
            }
        ],
    }
    assert (alerts["lastEvaluation"], alerts["evaluationTime"]) == ("0001-01-01T00:00:00Z", 0)
    (down,) = alerts["rules"]
    assert down == {
        "state": "firing",
        "name": "Down",
        "query": "up == 0",
        "duration": 300,
        "keepFiringFor": 0,
        "labels": {"severity": "page"},
        "annotations": {},
        "alerts": [ALERT],
        "health": "err",
        "lastError": "no store",
        "evaluationTime": 0.5,
        "lastEvaluation": "1970-01-01T00:00:21.000Z",
        "type": "alerting",
    }


def test_alerts_are_those_of_all_rules(client: Client) -> None:
    assert client.data("/alerts") == {"alerts": [ALERT]}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"type": "alert"}, ["alerts"]),
        ({"type": "record"}, ["sums"]),
        ({"rule_name[]": ["Down", "x"]}, ["alerts"]),
        ({"rule_group[]": "sums"}, ["sums"]),
        ({"file[]": ["a.yml", "b.yml"]}, ["sums", "alerts"]),
        ({"match[]": '{severity="page"}'}, ["alerts"]),
        ({"rule_group[]": "nothing"}, []),
    ],
)
def test_rules_are_chosen(client: Client, given: dict[str, Any], names: list[str]) -> None:
    assert [each["name"] for each in client.data("/rules", **given)["groups"]] == names


def test_alerts_may_be_left_out(client: Client) -> None:
    (group,) = client.data("/rules", type="alert", exclude_alerts="true")["groups"]
    assert group["rules"][0]["alerts"] == []


def test_groups_come_by_the_page(client: Client) -> None:
    first = client.data("/rules", group_limit="1")
    rest = client.data("/rules", group_limit="1", group_next_token=first["groupNextToken"])
    assert [each["name"] for each in first["groups"] + rest["groups"]] == ["sums", "alerts"]
    assert "groupNextToken" not in rest
    wrong = client.get("/api/v1/rules", params={"group_limit": 1, "group_next_token": "x"})
    assert (wrong.status_code, wrong.json()["errorType"]) == (400, "bad_data")
