"""Jobs and the book's `scrape:`; what Prometheus says of jobs is in test_configuration.py."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.metrics.scraping.settings import GlobalConfig, ScrapeConfig, ScrapeSettings

CONTEXT = {"directory": Path("/book")}


def job(**settings: Any) -> ScrapeConfig:
    return ScrapeConfig.model_validate({"job_name": "a", **settings}, context=CONTEXT)


def scrape(**settings: Any) -> ScrapeSettings:
    return ScrapeSettings.model_validate(settings, context=CONTEXT)


def test_a_job_takes_from_the_defaults_what_it_does_not_say() -> None:
    defaults = GlobalConfig(
        scrape_interval="20s", scrape_timeout="15s", sample_limit=5, body_size_limit="1KB"
    )
    found = job(sample_limit=7).within(defaults)
    assert (found.interval, found.timeout) == (20, 15)
    assert (found.sample_limit, found.body_size_limit, found.target_limit) == (7, 1024, 0)


def test_a_timeout_that_is_not_given_is_never_above_the_interval() -> None:
    assert job(scrape_interval="5s").timeout == 5
    assert job(scrape_interval="5s").within(GlobalConfig(scrape_timeout="20s")).timeout == 5
    assert (job().interval, job().timeout) == (60, 10)


def test_a_timeout_above_the_interval_is_told() -> None:
    assert job(scrape_timeout="20s", scrape_interval="30s").trouble is None
    assert job(scrape_timeout="2m").trouble == (
        "scrape_timeout 2m is longer than scrape_interval 1m: lower it"
    )


def test_files_of_targets_start_at_the_files_own_directory() -> None:
    found = job(file_sd_configs=[{"files": ["t/*.json"]}]).file_sd_configs[0]
    assert found.files == [Path("/book/t/*.json")]


def test_numbers_in_json_answers_become_samples_by_their_paths() -> None:
    found = job(json={"queue_depth": {"path": "queues[*].depth", "labels": {"queue": "name"}}})
    assert found.json_values["queue_depth"].labels == {"queue": "name"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"job_name": ""}, "a job needs a name"),
        ({"static_configs": [{"targets": ["http://h"]}]}, "the target 'http://h' has a slash"),
        ({"file_sd_configs": [{"files": []}]}, "at least 1 item"),
        ({"file_sd_configs": [{"files": ["a.txt"]}]}, "not a name of target files"),
        ({"file_sd_configs": [{"files": ["*/a.json"]}]}, "not a name of target files"),
        ({"scrape_protocols": []}, "name at least one protocol"),
        ({"scrape_protocols": ["PrometheusProto"] * 2}, "each once"),
        ({"scrape_protocols": ["Proto"]}, "Input should be 'PrometheusProto'"),
        ({"static_configs": [{"labels": {"": "x"}}]}, "a label's name is empty"),
        ({"scrape_interval": "often"}, "not a duration"),
        ({"body_size_limit": "big"}, "not a size"),
        ({"metric_path": "/"}, "Extra inputs are not permitted"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        job(**settings)


def test_an_address_with_a_slash_may_be_relabelled() -> None:
    rules = [{"target_label": "__address__", "replacement": "h"}]
    assert job(static_configs=[{"targets": ["http://h"]}], relabel_configs=rules)


def test_jobs_of_the_book_are_asked_every_15_seconds() -> None:
    (found,) = scrape(jobs=[{"job_name": "a"}]).own_jobs
    assert (found.interval, found.timeout) == (15, 10)


def test_the_book_says_otherwise_for_all_of_its_jobs_or_for_one() -> None:
    jobs = [{"job_name": "a"}, {"job_name": "b", "scrape_interval": "1m"}]
    first, second = scrape(interval="30s", timeout="20s", jobs=jobs).own_jobs
    assert (first.interval, first.timeout, second.interval, second.timeout) == (30, 20, 60, 20)


def test_files_of_prometheus_start_at_the_books_directory() -> None:
    assert scrape(prometheus=["prometheus.yml"]).prometheus == [Path("/book/prometheus.yml")]


def test_a_book_holds_no_secrets() -> None:
    jobs = [{"job_name": "a", "basic_auth": {"username": "b", "password": "xyzzy"}}]
    with pytest.raises(ValidationError, match="not a secret reference"):
        scrape(jobs=jobs)
    jobs[0]["basic_auth"] = {"username": "b", "password": "env:PASSWORD"}
    assert scrape(jobs=jobs).jobs[0].basic_auth is not None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"jobs": [{"job_name": "a"}, {"job_name": "a"}]}, "more than one job is named a"),
        ({"timeout": "20s"}, "interval and timeout: scrape_timeout 20s is longer"),
        ({"jobs": [{"job_name": "a", "scrape_timeout": "20s"}]}, "a: scrape_timeout 20s is longer"),
        ({"interval": 15}, "the unit is missing"),
        ({"job": []}, "Extra inputs are not permitted"),
    ],
)
def test_a_section_that_makes_no_sense_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        scrape(**settings)
