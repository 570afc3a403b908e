"""The book's `scrape:` and the jobs in it, which are Prometheus' `scrape_configs`."""

import re
from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from opsbook.book.fields import BookPath, Duration, Name
from opsbook.book.model import Section
from opsbook.metrics.durations import format_duration
from opsbook.metrics.scraping.client import ClientConfig
from opsbook.metrics.scraping.notation import (
    Bytes,
    Count,
    Flag,
    Interval,
    Keyed,
    Labelled,
    Many,
    Text,
)
from opsbook.metrics.scraping.relabel import RelabelConfig

_FILE_NAME = re.compile(r"[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)", re.DOTALL)
_DEFAULT_INTERVAL = 60.0
_DEFAULT_TIMEOUT = 10.0
_LIMITS = (
    "body_size_limit",
    "sample_limit",
    "target_limit",
    "label_limit",
    "label_name_length_limit",
    "label_value_length_limit",
    "keep_dropped_targets",
)

ScrapeProtocol = Literal[
    "PrometheusProto",
    "PrometheusText0.0.4",
    "PrometheusText1.0.0",
    "OpenMetricsText0.0.1",
    "OpenMetricsText1.0.0",
]


class StaticConfig(Section):
    """Targets that share labels."""

    targets: Many[Text] = []
    """`host:port` each."""
    labels: Labelled = {}
    """Every target here gets them."""


def _file_name(text: Any) -> Any:
    if isinstance(text, str) and not _FILE_NAME.fullmatch(text):
        raise ValueError(
            "not a name of target files: it ends in .json, .yml or .yaml, "
            "and * stands in its last part only"
        )
    return text


class FileSdConfig(Section):
    """Targets in files, which are read again when they change."""

    files: list[Annotated[BookPath, BeforeValidator(_file_name)]] = Field(min_length=1)
    """JSON or YAML; in a name, * stands for any."""
    refresh_interval: Interval = None
    """After which a file is read again whether it changed or not; 5m if not given."""


class JsonValue(Section):
    """Numbers in a JSON answer that become samples of one metric."""

    path: str
    """Where they stand: `queues[0].depth`; `[*]` is each element of a list."""
    labels: dict[str, str] = {}
    """Label → path of its value, from the element that the number is in."""
    help: str = ""
    """What the metric is about."""


class Limits(Section):
    """What a job may take, and what all jobs may where a job does not say; 0 is no limit."""

    body_size_limit: Bytes = 0
    """Of an answer, uncompressed."""
    sample_limit: Count = 0
    """Of a scrape after relabelling; one with more fails as a whole."""
    target_limit: Count = 0
    """Of a job after relabelling."""
    label_limit: Count = 0
    """Of a sample."""
    label_name_length_limit: Count = 0
    """In bytes."""
    label_value_length_limit: Count = 0
    """In bytes."""
    keep_dropped_targets: Count = 0
    """Dropped targets to remember."""


def _distinct(protocols: list[ScrapeProtocol] | None) -> list[ScrapeProtocol] | None:
    if protocols is not None and not 0 < len(protocols) == len(set(protocols)):
        raise ValueError("name at least one protocol, and each once")
    return protocols


class Timing(Limits):
    """How often and how long, for a job or for all."""

    scrape_interval: Interval = None
    """How often a target is asked; one minute if not given."""
    scrape_timeout: Interval = None
    """How long an answer may take; 10s, or the interval where that is shorter, if not given."""
    scrape_protocols: Annotated[list[ScrapeProtocol] | None, AfterValidator(_distinct)] = None
    """Formats to ask for, the best first."""

    @property
    def interval(self) -> float:
        """In seconds; one minute if not given."""
        return self.scrape_interval or _DEFAULT_INTERVAL

    @property
    def timeout(self) -> float:
        """In seconds; ten, or the interval where that is shorter, if not given."""
        return self.scrape_timeout or min(_DEFAULT_TIMEOUT, self.interval)

    @property
    def trouble(self) -> str | None:
        """Why interval and timeout do not go together, and what to do."""
        if self.timeout <= self.interval:
            return None
        longer, shorter = format_duration(self.timeout), format_duration(self.interval)
        return f"scrape_timeout {longer} is longer than scrape_interval {shorter}: lower it"


class GlobalConfig(Timing):
    """What holds for every job that does not say otherwise."""

    external_labels: Labelled = {}
    """What tells these samples from those of others, outside of here."""

    @model_validator(mode="after")
    def _in_time(self) -> "GlobalConfig":
        if self.trouble:
            raise ValueError(self.trouble)
        return self


def _named(text: str) -> str:
    if not text:
        raise ValueError("a job needs a name")
    return text


class ScrapeConfig(ClientConfig, Timing):
    """A job: whom to ask, how, and what to make of the answers. Prometheus' keys, and `json`."""

    job_name: Annotated[Text, AfterValidator(_named)]
    """The label `job` of every sample."""
    metrics_path: Text = "/metrics"
    """Where a target exposes its metrics."""
    scheme: Text = "http"
    """`http` or `https`."""
    params: Keyed[Many[Text]] = {}
    """Query parameters."""
    honor_labels: Flag = False
    """Whether labels that the target gives win against its own."""
    honor_timestamps: Flag = True
    """Whether times that the target gives are kept."""
    track_timestamps_staleness: Flag = False
    """Whether series with times of their own end when they are missing."""
    enable_compression: Flag = True
    """Whether an answer may come compressed with gzip."""
    fallback_scrape_protocol: ScrapeProtocol | None = None
    """What an answer is that does not say it."""
    static_configs: Many[StaticConfig] = []
    """Targets that are known beforehand."""
    file_sd_configs: Many[FileSdConfig] = []
    """Files that list targets."""
    relabel_configs: Many[RelabelConfig] = []
    """What is made of a target's labels before it is asked, in order."""
    metric_relabel_configs: Many[RelabelConfig] = []
    """What is made of the labels of its samples, in order."""
    json_values: dict[Name, JsonValue] = Field({}, alias="json")
    """Metric → where it stands in a JSON answer; Opsbook's own, not Prometheus'."""

    @model_validator(mode="after")
    def _no_urls(self) -> "ScrapeConfig":
        if not self.relabel_configs:
            for target in (target for group in self.static_configs for target in group.targets):
                if "/" in target:
                    raise ValueError(
                        f"the target {target!r} has a slash: write host:port, "
                        "and the rest under scheme and metrics_path"
                    )
        return self

    def within(self, defaults: GlobalConfig) -> "ScrapeConfig":
        """The job with the defaults where it says nothing."""
        interval = self.scrape_interval or defaults.interval
        changed: dict[str, Any] = {
            "scrape_interval": interval,
            "scrape_timeout": self.scrape_timeout or min(defaults.timeout, interval),
            "scrape_protocols": self.scrape_protocols or defaults.scrape_protocols,
        }
        for name in _LIMITS:
            changed[name] = getattr(self, name) or getattr(defaults, name)
        return self.model_copy(update=changed)


class ScrapeSettings(Section):
    """Whom to ask for metrics: by Prometheus' own files, and by jobs written here."""

    prometheus: list[BookPath] = []
    """Files `prometheus.yml`, read as they are."""
    interval: Duration = 15.0
    """How often the jobs here are asked, where one does not say."""
    timeout: Duration | None = None
    """How long an answer may take; 10s, or the interval where that is shorter, if not given."""
    external_labels: Labelled = {}
    """What tells this Opsbook's samples and alerts from those of others, outside of it."""
    jobs: list[ScrapeConfig] = []

    @model_validator(mode="after")
    def _consistent(self) -> "ScrapeSettings":
        names = Counter(job.job_name for job in self.jobs)
        repeated = [name for name, count in names.items() if count > 1]
        if repeated:
            raise ValueError(f"more than one job is named {repeated[0]}: rename one")
        for config in (self.defaults, *self.own_jobs):
            if config.trouble:
                name = getattr(config, "job_name", "interval and timeout")
                raise ValueError(f"{name}: {config.trouble}")
        return self

    @property
    def defaults(self) -> GlobalConfig:
        """The same as Prometheus' `global`."""
        return GlobalConfig.model_construct(
            scrape_interval=self.interval,
            scrape_timeout=self.timeout,
            external_labels=self.external_labels,
        )

    @property
    def own_jobs(self) -> list[ScrapeConfig]:
        """The jobs written here, complete."""
        return [job.within(self.defaults) for job in self.jobs]
