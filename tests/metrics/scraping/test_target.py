"""Targets: what becomes of an address, its labels and a job's settings; Prometheus knows best."""

from typing import Any

import pytest

from opsbook.metrics.scraping.settings import ScrapeConfig, StaticConfig
from opsbook.metrics.scraping.status import DroppedTarget
from opsbook.metrics.scraping.target import RefusedTarget, Target, examined, targets
from tests.metrics.scraping.prometheus import targets_of
from tests.metrics.scraping.rules import LABELS, RULES, Rules

GROUP = {"targets": ["10.0.0.1:9100"], "labels": LABELS}
PARAMS = {"module": ["a b", "c"], "x": ["ü"], "none": []}


def job(name: str, rules: Rules) -> dict[str, Any]:
    return {
        "job_name": name,
        "scrape_interval": "1h",
        "params": PARAMS,
        "static_configs": [GROUP],
        "relabel_configs": rules,
    }


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Prometheus says of every rule."""
    jobs = [job(name, rules) for name, rules in RULES.items()]
    return targets_of({"scrape_configs": jobs}, tmp_path_factory.mktemp("prometheus"))


def examine(config: ScrapeConfig) -> Target | DroppedTarget | RefusedTarget:
    (found,) = examined(config, config.static_configs)
    return found


@pytest.mark.parametrize("name", RULES)
def test_prometheus_finds_the_same(name: str, known: dict[str, Any]) -> None:
    found = examine(ScrapeConfig.model_validate(job(name, RULES[name])))
    active = [each for each in known["activeTargets"] if each["scrapePool"] == name]
    dropped = [
        each["discoveredLabels"]
        for each in known["droppedTargets"]
        if each["discoveredLabels"]["job"] == name
    ]
    if isinstance(found, Target):
        (theirs,) = active
        assert dict(found.labels) == theirs["labels"]
        assert found.url == theirs["scrapeUrl"]
        assert (found.interval, found.timeout) == (
            seconds(theirs["scrapeInterval"]),
            seconds(theirs["scrapeTimeout"]),
        )
    elif isinstance(found, DroppedTarget):
        assert [dict(found.discovered)] == dropped
    else:
        assert not active + dropped


def seconds(text: str) -> float:
    return {"1h": 3600.0, "10s": 10.0, "2h30m": 9000.0, "1m500ms": 60.5}[text]


def one(**settings: Any) -> Target:
    found = examine(ScrapeConfig.model_validate({"job_name": "a", **settings}))
    assert isinstance(found, Target)
    return found


def test_what_is_not_said_is_as_in_prometheus() -> None:
    target = one(static_configs=[{"targets": ["h:1"]}])
    assert (target.job, target.url) == ("a", "http://h:1/metrics")
    assert (target.interval, target.timeout) == (60, 10)
    assert target.labels == (("instance", "h:1"), ("job", "a"))
    assert dict(target.discovered) == {
        "__address__": "h:1",
        "__metrics_path__": "/metrics",
        "__scheme__": "http",
        "__scrape_interval__": "1m",
        "__scrape_timeout__": "10s",
        "job": "a",
    }


def test_no_port_is_added_to_an_address() -> None:
    target = one(scheme="https", static_configs=[{"targets": ["node"]}])
    assert (target.url, dict(target.labels)["instance"]) == ("https://node/metrics", "node")


def test_labels_of_the_group_win_over_the_job() -> None:
    labels = {"job": "b", "__scheme__": "https", "__param_x": "of the group"}
    target = one(
        params={"x": ["of the job"]}, static_configs=[{"targets": ["h"], "labels": labels}]
    )
    assert dict(target.labels)["job"] == "b"
    assert target.url == "https://h/metrics?x=of+the+group"


def test_labels_may_have_any_name_but_those_inside_are_not_shown() -> None:
    labels = {"service.name": "x", "__tmp": "y", "__meta_a": "z"}
    target = one(static_configs=[{"targets": ["h"], "labels": labels}])
    assert [name for name, _ in target.labels] == ["instance", "job", "service.name"]


def test_the_same_target_twice_is_one() -> None:
    config = ScrapeConfig(job_name="a")
    groups = [StaticConfig(targets=["h:1", "h:2", "h:1"]), StaticConfig(targets=["h:2"])]
    assert [target.url for target in targets(config, groups)[0]] == [
        "http://h:1/metrics",
        "http://h:2/metrics",
    ]


def test_a_key_is_the_same_each_time_and_differs_by_job_url_and_labels() -> None:
    group = {"targets": ["h:1"]}
    target = one(static_configs=[group])
    others = [
        one(job_name="b", static_configs=[{**group, "labels": {"job": "a"}}]),
        one(metrics_path="/m", static_configs=[group]),
        one(static_configs=[{**group, "labels": {"x": "y"}}]),
    ]
    assert one(scrape_interval="5s", static_configs=[group]).key == target.key
    assert len({target.key, *(other.key for other in others)}) == 4


def test_no_more_dropped_targets_are_kept_than_asked_for() -> None:
    config = ScrapeConfig.model_validate(
        {"job_name": "a", "keep_dropped_targets": 2, "relabel_configs": [{"action": "drop"}]}
    )
    found = targets(config, [StaticConfig(targets=["h:1", "h:2", "h:3"])])
    assert [dict(dropped.discovered)["__address__"] for dropped in found[1]] == ["h:1", "h:2"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no address", "no address: relabelling left __address__ empty"),
        ("a URL as the address", "'http://x' is no address: write host:port"),
        ("an interval of 0", "scrape interval is 0"),
        ("an interval that is none", "scrape interval 'often': not a duration"),
        ("a timeout above the interval", "scrape timeout 2h is longer than scrape interval 1h"),
    ],
)
def test_why_a_target_is_refused_is_told(name: str, reason: str) -> None:
    refused = examine(ScrapeConfig.model_validate(job(name, RULES[name])))
    assert str(refused).startswith(f"job {name}, target '10.0.0.1:9100': {reason}")
