"""Templates in the labels and annotations of rules, as Prometheus expands them.

Specification: Prometheus' "Template reference". `tmpl` belongs to its console pages, which are
not ours, and is not defined here, as it is not defined in Prometheus' rules.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from opsbook.alerts.templates import humanize, patterns, words
from opsbook.alerts.templates.language import escapes
from opsbook.alerts.templates.language.errors import CallError, TemplateError
from opsbook.alerts.templates.language.functions import Function, functions
from opsbook.alerts.templates.language.limits import Limits
from opsbook.alerts.templates.language.template import Template
from opsbook.alerts.templates.language.values import Named, StringMap, Struct, Value
from opsbook.alerts.templates.samples import Query
from opsbook.core.errors import OpsbookError
from opsbook.core.labels import Labels
from opsbook.metrics.durations import parse_duration

_VARIABLES = ("$labels", "$externalLabels", "$externalURL", "$value")
_LIMITS = Limits()
_ADDRESS = re.compile(
    r"\[(?P<inner>[^\[\]]*)\]:(?P<port>[^:\[\]]*)|(?P<host>[^:\[\]]*):(?P<outer>[^:\[\]]*)"
)
"""A host with a port, as Go's `net.SplitHostPort` takes them."""
_MOST_SAMPLES = 10_000
"""That one query in a template may find."""


class _Data(Struct):
    go_type = "struct"


class _Sample(Struct):
    go_type = "template.sample"
    pointer = True


class _Samples(Named, list[_Sample]):
    go_type = "template.queryResult"


def expand(
    text: str,
    labels: Labels,
    value: float,
    external_labels: Labels = (),
    external_url: str = "",
    query: Query | None = None,
    *,
    at: float | None = None,
    limits: Limits = _LIMITS,
) -> str:
    """A label's or an annotation's text for one alert. Raises nothing, so that the alert comes
    whatever its template does: what goes wrong is told in the text, as Prometheus does.

    `at` is the rule's time in seconds since 1970, now if left out. Without a query, `query` is an
    error.
    """
    if "{{" not in text:
        return text
    data: dict[str, Value] = {
        "Labels": StringMap(labels),
        "ExternalLabels": StringMap(external_labels),
        "ExternalURL": external_url,
        "Value": value,
    }
    evaluation = _Evaluation(query, time.time() if at is None else at, external_url)
    own = {name: function.bind(evaluation) for name, function in _OF_EVALUATION.items()}
    try:
        return check(text).execute(
            _Data(**data),
            {**_FUNCTIONS, **own},
            limits=limits,
            variables=dict(zip(_VARIABLES, data.values(), strict=True)),
        )
    except TemplateError as error:
        return f"<error expanding template: {error}>"


@lru_cache(maxsize=4096)
def check(text: str, name: str = "") -> Template:
    """Read a template, as should be done when its rule is loaded. Raises TemplateError."""
    return Template.parse(text, name, (*_FUNCTIONS, *_OF_EVALUATION), _VARIABLES)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """What differs from one evaluation of a rule to the next."""

    asked: Query | None
    at: float
    url: str

    def query(self, expression: str) -> _Samples:
        if self.asked is None:
            raise CallError("nothing can be queried here")
        try:
            found = self.asked(expression)
        except OpsbookError as error:
            raise CallError(str(error)) from None
        if len(found) > _MOST_SAMPLES:
            raise CallError(f"finds more than {_MOST_SAMPLES:,} series; aggregate them")
        return _Samples(
            _Sample(Labels=StringMap(sample.labels), Value=sample.value) for sample in found
        )

    def now(self) -> float:
        return self.at

    def external_url(self) -> str:
        return self.url

    def path_prefix(self) -> str:
        return urlsplit(self.url).path


def _first(samples: _Samples) -> _Sample:
    if not samples:
        raise CallError("the query found nothing; ask with {{with}} first")
    return samples[0]


def _labels(sample: _Sample) -> StringMap:
    labels = sample.fields["Labels"]
    assert isinstance(labels, StringMap)
    return labels


def _label(name: str, sample: _Sample) -> str:
    return _labels(sample).get(name, "")


def _value(sample: _Sample) -> Value:
    return sample.fields["Value"]


def _text_value(sample: _Sample) -> str:
    return _label("__value__", sample)


def _sort_by_label(name: str, samples: _Samples) -> _Samples:
    return _Samples(sorted(samples, key=lambda sample: _label(name, sample)))


def _arguments(*values: object) -> dict[str, Value]:
    return {f"arg{position}": value for position, value in enumerate(values)}


def _title(text: str) -> str:
    """The first letter of each word; a word goes on over letters, digits and underscores."""
    before = " "
    parts = []
    for character in text:
        goes_on = before.isalnum() or before == "_" or (before > "\x7f" and not before.isspace())
        parts.append(character if goes_on else words.title_of(character))
        before = character
    return "".join(parts)


def _graph_link(expression: str) -> str:
    return f"/graph?g0.expr={escapes.urlquery(expression)}&g0.tab=0"


def _table_link(expression: str) -> str:
    return f"/graph?g0.expr={escapes.urlquery(expression)}&g0.tab=1"


def _strip_port(address: str) -> str:
    found = _ADDRESS.fullmatch(address)
    return found["inner"] or found["host"] or "" if found else address


def _strip_domain(address: str) -> str:
    """A host's name up to its first dot, with its port if it has one."""
    found = _ADDRESS.fullmatch(address)
    host = found["inner"] or found["host"] or "" if found else address
    try:
        ip_address(host)
    except ValueError:
        port = found and (found["port"] or found["outer"])
        return host.partition(".")[0] + (f":{port}" if port else "")
    return address


def _parse_duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise CallError(f"{text!r} is {error}") from None


_OF_EVALUATION: dict[str, Function] = functions(
    {
        "query": _Evaluation.query,
        "now": _Evaluation.now,
        "externalURL": _Evaluation.external_url,
        "pathPrefix": _Evaluation.path_prefix,
    }
)
_CALLS: Mapping[str, Callable[..., Value]] = {
    "first": _first,
    "label": _label,
    "value": _value,
    "strvalue": _text_value,
    "sortByLabel": _sort_by_label,
    "args": _arguments,
    "humanize": humanize.humanize,
    "humanize1024": humanize.humanize_1024,
    "humanizeDuration": humanize.humanize_duration,
    "humanizePercentage": humanize.humanize_percentage,
    "humanizeTimestamp": humanize.humanize_timestamp,
    "toTime": humanize.to_time,
    "toDuration": humanize.to_duration,
    "parseDuration": _parse_duration,
    "title": _title,
    "toUpper": words.upper,
    "toLower": words.lower,
    "match": patterns.match,
    "reReplaceAll": patterns.replace_all,
    "safeHtml": words.safe_html,
    "urlQueryEscape": escapes.urlquery,
    "stripPort": _strip_port,
    "stripDomain": _strip_domain,
    "graphLink": _graph_link,
    "tableLink": _table_link,
}
_FUNCTIONS: dict[str, Function] = functions(_CALLS)
