"""`prometheus.yml` as it is: what is carried out, what is remarked on, what is refused."""

import textwrap
from pathlib import Path

import pytest

from opsbook.book.problems import BookError
from opsbook.core.errors import BadInputError
from opsbook.metrics.scraping.configuration import PrometheusConfig, every_job, read_prometheus
from opsbook.metrics.scraping.settings import ScrapeSettings
from tests.metrics.scraping.configurations import LAXER, REFUSED, STRICTER, TAKEN
from tests.metrics.scraping.prometheus import refused_by_promtool

EVERYTHING = {
    **TAKEN,
    **{name: text for group in (REFUSED, STRICTER, LAXER) for name, (text, _) in group.items()},
}


def written(directory: Path, text: str) -> Path:
    file = directory / "prometheus.yml"
    file.write_text(textwrap.dedent(text))
    return file


def read(directory: Path, text: str) -> PrometheusConfig:
    return read_prometheus(written(directory, text))


def refusal(directory: Path, text: str) -> str:
    with pytest.raises(BookError) as caught:
        read(directory, text)
    return str(caught.value)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of what promtool refuses."""
    files = {}
    for name, text in EVERYTHING.items():
        directory = tmp_path_factory.mktemp("configuration")
        files[written(directory, text)] = name
    return {files[file] for file in refused_by_promtool(list(files))}


@pytest.mark.parametrize("name", TAKEN)
def test_what_promtool_takes_is_taken(name: str, bad: set[str], tmp_path: Path) -> None:
    assert name not in bad
    read(tmp_path, TAKEN[name])


@pytest.mark.parametrize("name", REFUSED)
def test_what_promtool_refuses_is_refused_with_its_place(
    name: str, bad: set[str], tmp_path: Path
) -> None:
    assert name in bad
    text, said = REFUSED[name]
    told = refusal(tmp_path, text)
    assert said in told
    assert told.startswith(f"{tmp_path}/prometheus.yml:{2 if name == 'a tab' else 1}:")


@pytest.mark.parametrize("name", STRICTER)
def test_little_is_refused_that_promtool_takes(name: str, bad: set[str], tmp_path: Path) -> None:
    assert name not in bad
    assert refusal(tmp_path, STRICTER[name][0])


@pytest.mark.parametrize("name", LAXER)
def test_little_is_taken_that_promtool_refuses(name: str, bad: set[str], tmp_path: Path) -> None:
    assert name in bad
    read(tmp_path, LAXER[name][0])


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    for name in ("token", "own.rules"):
        (tmp_path / name).touch()
    found = read(
        tmp_path,
        """
        global:
          scrape_interval: 15s
          evaluation_interval: 30s
          rule_query_offset: 1m
          sample_limit: 1000
          external_labels: {cluster: a, version: 1.10}
        rule_files: [own.rules, "rules/*.yml"]
        scrape_configs:
        - job_name: node
          static_configs: [{targets: [localhost:9100], labels: {version: 1.20}}]
        - job_name: api
          scrape_interval: 5s
          sample_limit: 10
          scheme: https
          metrics_path: /m
          basic_auth: {username: anna, password: xyzzy}
          tls_config: {ca_file: ca.pem, insecure_skip_verify: yes}
          file_sd_configs: [{files: ["targets/*.json"], refresh_interval: 1m}]
        - job_name: old
          bearer_token_file: token
        """,
    )
    node, api, old = found.jobs
    assert (node.interval, node.timeout, node.sample_limit) == (15, 10, 1000)
    assert (api.interval, api.timeout, api.sample_limit) == (5, 5, 10)
    assert node.static_configs[0].labels == {"version": "1.20"}
    assert api.file_sd_configs[0].files == [tmp_path / "targets/*.json"]
    assert (api.tls_config.ca_file, api.tls_config.insecure_skip_verify) == (
        tmp_path / "ca.pem",
        True,
    )
    assert api.authorization_header() == "Basic YW5uYTp4eXp6eQ=="
    assert old.bearer_token_file == tmp_path / "token"
    assert found.rule_files == (tmp_path / "own.rules", tmp_path / "rules/*.yml")
    assert (found.evaluation_interval, found.rule_query_offset) == (30, 60)
    assert found.external_labels == {"cluster": "a", "version": "1.10"}
    assert found.remarks == ()
    assert "xyzzy" not in str(found)


def test_what_is_not_carried_out_is_remarked_on_with_its_place(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """\
        global:
          query_log_file: queries.log
          metric_name_validation_scheme: utf8
        alerting:
          alertmanagers: [{static_configs: [{targets: [localhost:9093]}]}]
        scrape_configs:
        - job_name: pods
          enable_http2: true
          proxy_from_environment: false
          kubernetes_sd_configs:
          - role: pod
          static_configs: [{targets: [localhost:9100]}]
        """,
    )
    assert [(remark.mark.line, remark.path) for remark in found.remarks] == [
        (2, "global.query_log_file"),
        (4, "alerting"),
        (8, "scrape_configs[0].enable_http2"),
        (10, "scrape_configs[0].kubernetes_sd_configs"),
    ]
    said = "not carried out by Opsbook, targets are asked in HTTP/1.1"
    place = f"{tmp_path}/prometheus.yml:8:3 scrape_configs[0].enable_http2"
    assert str(found.remarks[2]) == f"{place}: {said}"
    assert found.jobs[0].static_configs[0].targets == ["localhost:9100"]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = """\
        rule_files: [none.yml]
        scrape_configs:
        - job_name: a
          scrape_timeout: 2m
        - job_name: a
    """
    assert [line.split(":")[1] for line in refusal(tmp_path, text).splitlines()] == ["1", "4", "5"]


def test_external_labels_are_filled_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSBOOK_REGION", "eu")
    monkeypatch.delenv("OPSBOOK_NONE", raising=False)
    labels = "{a: '${OPSBOOK_REGION}-$OPSBOOK_REGION', b: '$$x', c: x$OPSBOOK_NONE}"
    found = read(tmp_path, f"global: {{external_labels: {labels}}}")
    assert found.external_labels == {"a": "eu-eu", "b": "$x", "c": "x"}
    (remark,) = found.remarks
    assert "external_labels.c: the environment has no variable OPSBOOK_NONE" in str(remark)


def test_jobs_of_files_and_of_the_book_are_together(tmp_path: Path) -> None:
    file = read(tmp_path, "scrape_configs: [{job_name: a}]")
    settings = ScrapeSettings.model_validate({"jobs": [{"job_name": "b"}]})
    assert [job.job_name for job in every_job(settings, [file])] == ["a", "b"]


def test_two_jobs_of_the_same_name_are_told_apart_by_nobody(tmp_path: Path) -> None:
    file = read(tmp_path, "scrape_configs: [{job_name: a}]")
    settings = ScrapeSettings.model_validate({"jobs": [{"job_name": "a"}]})
    said = f"job 'a' is both in {tmp_path}/prometheus.yml and in the book; rename one"
    with pytest.raises(BadInputError, match=said):
        every_job(settings, [file])
