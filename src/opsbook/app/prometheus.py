"""The files of a Prometheus that a book names: their jobs, their rules, and what is left out."""

from collections.abc import Iterable

from opsbook.alerts.rules.check import template_problems
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Source
from opsbook.metrics.rules.settings import RulesSettings, rules_problems
from opsbook.metrics.scraping.configuration import PrometheusConfig, read_prometheus
from opsbook.metrics.scraping.settings import ScrapeSettings


def prometheus_files(settings: ScrapeSettings) -> list[PrometheusConfig]:
    """Raises BookError."""
    return [read_prometheus(file) for file in settings.prometheus]


def rules_of(file: PrometheusConfig) -> RulesSettings:
    """The rule files that it names, evaluated as often as it says."""
    return RulesSettings.model_construct(
        files=list(file.rule_files), interval=file.evaluation_interval, groups=[]
    )


def prometheus_rule_problems(settings: ScrapeSettings, source: Source) -> list[Problem]:
    """What is wrong with the rules of files that are themselves good."""
    try:
        files = prometheus_files(settings)
    except BookError:
        return []  # told where the files themselves are looked at
    return [
        each for file in files for each in rules_problems(rules_of(file), source, template_problems)
    ]


def prometheus_remarks(settings: ScrapeSettings) -> list[Problem]:
    """What the files say and Opsbook does not carry out."""
    return [remark for file in prometheus_files(settings) for remark in file.remarks]


def external_labels(settings: ScrapeSettings, files: Iterable[PrometheusConfig]) -> dict[str, str]:
    """What tells samples and alerts from those of others; what the book says goes first."""
    found: dict[str, str] = {}
    for file in files:
        found |= file.external_labels
    return found | settings.external_labels
