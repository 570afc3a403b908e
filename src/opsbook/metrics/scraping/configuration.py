"""A `prometheus.yml` as it is → its jobs, and what of it Opsbook does not carry out."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, create_model

from opsbook.book.fields import BookPath
from opsbook.book.model import Section
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.errors import BadInputError
from opsbook.metrics.scraping.document import load_prometheus
from opsbook.metrics.scraping.left_out import GLOBAL, JOB, TOP, LeftOut
from opsbook.metrics.scraping.notation import Interval, Many
from opsbook.metrics.scraping.settings import GlobalConfig, ScrapeConfig, ScrapeSettings
from opsbook.metrics.scraping.target import RefusedTarget, examined

S = TypeVar("S", bound=Section)

_RULE_FILE = re.compile(r"[^*]*(\*[^/]*)?")
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)
_EVALUATION_SECONDS = 60.0


@dataclass(frozen=True)
class PrometheusConfig:
    """What of a file is carried out, and remarks on what is not."""

    file: Path
    jobs: tuple[ScrapeConfig, ...]
    """Complete: what they do not say is taken from `global`."""
    rule_files: tuple[Path, ...]
    """Absolute; `*` stands for any."""
    evaluation_interval: float
    """Seconds between two evaluations of rules, as rule_query_offset."""
    rule_query_offset: float
    external_labels: Mapping[str, str]
    remarks: tuple[Problem, ...]


class Global(GlobalConfig):
    """What Prometheus has under `global`."""

    evaluation_interval: Interval = None
    rule_query_offset: Interval = None


def _rule_file(value: Any) -> Any:
    if isinstance(value, str) and not _RULE_FILE.fullmatch(value):
        raise ValueError("not a name of rule files: * stands in its last part only")
    return value


class Configuration(Section):
    """The whole file, as far as it is carried out."""

    global_: Global = Field(Global(), alias="global")
    rule_files: Many[Annotated[BookPath, BeforeValidator(_rule_file)]] = []
    scrape_configs: Many[ScrapeConfig] = []


def _accepting(base: type[S], left_out: Mapping[str, LeftOut], **changed: Any) -> type[S]:
    """`base` that takes further keys, so that they can be remarked on."""
    further: dict[str, Any] = dict.fromkeys(left_out, (Any, None))
    return create_model(base.__name__, __base__=base, **further, **changed)


def _or_none_said(value: Any) -> Any:
    return {} if value is None else value


_GLOBAL = _accepting(Global, GLOBAL)
_JOB = _accepting(ScrapeConfig, JOB)
_FILE = _accepting(
    Configuration,
    TOP,
    global_=(
        Annotated[_GLOBAL, BeforeValidator(_or_none_said)],
        Field(_GLOBAL(), alias="global"),
    ),
    scrape_configs=(Many[_JOB], []),  # type: ignore[valid-type]  # made for pydantic alone
)


def read_prometheus(file: Path) -> PrometheusConfig:
    """Raises BookError with all problems at once: what promtool refuses, and where it stands."""
    document, source = load_prometheus(file, _FILE, _problems)
    labels, unset = _expanded(document.global_.external_labels, source)
    return PrometheusConfig(
        file=file,
        jobs=tuple(job.within(document.global_) for job in document.scrape_configs),
        rule_files=tuple(document.rule_files),
        evaluation_interval=document.global_.evaluation_interval or _EVALUATION_SECONDS,
        rule_query_offset=document.global_.rule_query_offset or 0.0,
        external_labels=labels,
        remarks=tuple(sorted([*_remarks(document, source), *unset], key=lambda one: one.mark)),
    )


def every_job(settings: ScrapeSettings, files: Iterable[PrometheusConfig]) -> list[ScrapeConfig]:
    """Those of the files and those of the book itself.

    Raises BadInputError where two have the same name.
    """
    named: dict[str, str] = {}
    places = [(str(file.file), job) for file in files for job in file.jobs]
    places += [("the book", job) for job in settings.own_jobs]
    for place, job in places:
        if job.job_name in named:
            first = named[job.job_name]
            text = f"job {job.job_name!r} is both in {first} and in {place}; rename one"
            raise BadInputError(text)
        named[job.job_name] = place
    return [job for _, job in places]


def scrape_problems(settings: ScrapeSettings, source: Source) -> list[Problem]:
    """What is wrong with the files that a book names, and between them and its own jobs."""
    files: list[PrometheusConfig] = []
    problems: list[Problem] = []
    for file in settings.prometheus:
        try:
            files.append(read_prometheus(file))
        except BookError as error:
            problems += error.problems
    try:
        every_job(settings, files)
    except BadInputError as error:
        problems.append(_problem(source, ("scrape",), str(error), None))
    return problems


def _problems(document: Configuration, source: Source) -> list[Problem]:
    """What is well-formed and yet cannot be carried out."""
    found = [*_missing_rules(document, source)]
    first: dict[str, int] = {}
    for index, job in enumerate(document.scrape_configs):
        path: Path_ = ("scrape_configs", index)
        if job.job_name in first:
            earlier = source.mark(("scrape_configs", first[job.job_name], "job_name"))
            remedy = f"{earlier} has that name already; rename one"
            found.append(_problem(source, (*path, "job_name"), "not a name of its own", remedy))
        first.setdefault(job.job_name, index)
        found += _problems_of(job.within(document.global_), path, source)
    return found


def _problems_of(job: ScrapeConfig, path: Path_, source: Source) -> Iterator[Problem]:
    if job.json_values:
        remedy = "it is Opsbook's own: put the job into the book, under scrape"
        yield _problem(source, (*path, "json"), "unknown to Prometheus", remedy)
    if job.trouble:
        at = next(name for name in ("scrape_timeout", "scrape_interval") if getattr(job, name))
        what, _, remedy = job.trouble.partition(": ")
        yield _problem(source, (*path, at), what, remedy)
        return
    for within, file in _named_files(job):
        if file is not None and not file.exists():
            yield _problem(source, (*path, *within), f"no such file (got {str(file)!r})", None)
    for index, group in enumerate(job.static_configs):
        for found in examined(job, [group]):
            if isinstance(found, RefusedTarget):
                what, _, remedy = found.reason.partition(": ")
                yield _problem(source, (*path, "static_configs", index), what, remedy or None)


def _named_files(job: ScrapeConfig) -> Iterator[tuple[Path_, Path | None]]:
    """Those without which Prometheus' own check fails."""
    yield ("bearer_token_file",), job.bearer_token_file
    if job.authorization:
        yield ("authorization", "credentials_file"), job.authorization.credentials_file
    yield ("tls_config", "cert_file"), job.tls_config.cert_file
    yield ("tls_config", "key_file"), job.tls_config.key_file


def _missing_rules(document: Configuration, source: Source) -> Iterator[Problem]:
    for index, file in enumerate(document.rule_files):
        if "*" not in str(file) and not file.exists():
            what = f"no such file (got {str(file)!r})"
            yield _problem(source, ("rule_files", index), what, None)


def _problem(source: Source, path: Path_, what: str, remedy: str | None) -> Problem:
    return Problem(source.mark(path), dotted(path), what, remedy)


def _remarks(document: Configuration, source: Source) -> Iterator[Problem]:
    sections: list[tuple[Path_, Section, Mapping[str, LeftOut]]] = [
        ((), document, TOP),
        (("global",), document.global_, GLOBAL),
    ]
    for index, job in enumerate(document.scrape_configs):
        sections.append((("scrape_configs", index), job, JOB))
    for path, section, table in sections:
        for name in sorted(section.model_fields_set & table.keys()):
            value = getattr(section, name)
            if value is not None and str(value).lower() not in table[name].unless:
                place = (*path, name)
                mark = source.keys.get(place, source.mark(place))
                what = "not carried out by Opsbook"
                yield Problem(mark, dotted(place), what, table[name].instead)


def _expanded(labels: Mapping[str, str], source: Source) -> tuple[dict[str, str], list[Problem]]:
    """Environment variables in the values, as Prometheus 3 has it; remarks on missing ones."""
    remarks: list[Problem] = []
    expanded: dict[str, str] = {}
    for label, text in labels.items():

        def value(found: re.Match[str], label: str = label) -> str:
            name = found[2] or found[3]
            if name and not os.environ.get(name):
                path = ("global", "external_labels", label)
                what = f"the environment has no variable {name}, so it stands for nothing"
                remarks.append(_problem(source, path, what, None))
            return os.environ.get(name, "") if name else "$"

        expanded[label] = _VARIABLE.sub(value, text)
    return expanded, remarks
