"""The book's `alerts:`, what is in it of raising them — rules in simple words, KPIs, checks."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from opsbook.alerts.rules.alerting import Recovering
from opsbook.alerts.rules.check import template_problem
from opsbook.book.fields import Duration, Name
from opsbook.book.model import Section
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.units import parse_quantity
from opsbook.metrics.durations import format_duration
from opsbook.metrics.promql.names import is_label_name
from opsbook.metrics.promql.nodes import type_of
from opsbook.metrics.promql.numbers import short
from opsbook.metrics.promql.parse import parse
from opsbook.metrics.rules.check import expression_problem
from opsbook.metrics.rules.settings import DeclaredGroup
from opsbook.metrics.rules.spec import GroupSpec

Operator = Literal[">", ">=", "<", "<=", "==", "!=", "greater_than", "less_than", "equals"]
_SIGNS = {"greater_than": ">", "less_than": "<", "equals": "=="}
_FILE = "alerts.rules"
"""Stands where groups of files have their file."""


def _quantity(value: Any) -> Any:
    return parse_quantity(value) if isinstance(value, str) else value


Threshold = Annotated[
    float,
    BeforeValidator(_quantity),
    WithJsonSchema({"type": ["number", "string"], "examples": [90, "80 %", "200ms", "10 GiB"]}),
]
"""A number, or one with its unit, in base units."""


class SimpleRule(Section):
    """A metric or an expression, and when it is an alert."""

    metric: str = ""
    """The metric whose value is held against the threshold…"""
    expression: str = ""
    """…or an expression in PromQL; without an operator, all that it finds are alerts."""
    operator: Operator | None = None
    """How the value has to compare with the threshold to be an alert."""
    threshold: Threshold | None = None
    """A number, or one with its unit: seconds, bytes and percent are what is compared then."""
    for_: Duration = Field(default=0.0, alias="for", ge=0)
    """How long it has to be so before the alert fires."""
    keep_firing_for: Duration = Field(default=0.0, ge=0)
    """How long it goes on firing when it is no longer so."""
    recovery: str = ""
    """Until when it fires: a sign and a number, held against the same value, or an expression."""
    severity: str = "warning"
    """The label of that name."""
    message: str = ""
    """What is told; Prometheus' templates are expanded in it."""
    description: str = ""
    """More of it, such as what to do."""
    labels: dict[str, str] = {}
    """Further labels of the alert."""
    every: Duration = Field(default=15.0, ge=0.1)
    """The interval between two evaluations."""

    @model_validator(mode="after")
    def _whole(self) -> "SimpleRule":
        if bool(self.metric) == bool(self.expression):
            raise ValueError("a rule needs a value: give metric or expression, one of them")
        if (self.operator is None) != (self.threshold is None):
            raise ValueError("operator and threshold belong together: give both")
        if self.metric and self.operator is None:
            raise ValueError("no threshold: give operator and threshold")
        return self

    @property
    def value(self) -> str:
        """What is compared, in PromQL."""
        if self.expression:
            return f"({self.expression})" if self.operator else self.expression
        plain = self.metric.isascii() and self.metric.replace(":", "_").isidentifier()
        return self.metric if plain or "{" in self.metric else f'{{"{self.metric}"}}'

    @property
    def condition(self) -> str:
        """The whole of it, in PromQL."""
        if self.operator is None or self.threshold is None:
            return self.value
        return f"{self.value} {_SIGNS.get(self.operator, self.operator)} {short(self.threshold)}"

    @property
    def recovered(self) -> str:
        """What has to hold for the alert to end, in PromQL; empty where it is the contrary."""
        if self.recovery.lstrip().startswith(("<", ">", "=", "!")):
            value = self.value if self.operator else f"({self.value})"
            return f"{value} {self.recovery.strip()}"
        return self.recovery

    def rule(self, name: str) -> Recovering:
        """As Prometheus has it."""
        annotations = {"summary": self.message, "description": self.description}
        return Recovering.model_validate(
            {
                "alert": name,
                "expr": self.condition,
                "for": format_duration(self.for_),
                "keep_firing_for": format_duration(self.keep_firing_for),
                "labels": {"severity": self.severity, **self.labels},
                "annotations": {key: text for key, text in annotations.items() if text},
                "recovery": self.recovered,
            }
        )


class AlertRulesSettings(Section):
    """What raises alerts, besides rule files."""

    rules: dict[Name, SimpleRule] = {}
    """Rules by the names of their alerts."""
    checks: dict[Literal["down", "degraded", "late", "unknown"], str] = {
        "down": "critical",
        "degraded": "warning",
        "late": "warning",
        "unknown": "warning",
    }
    """The states of a check that raise an alert, and its severity; `{}` raises none."""
    kpis: dict[Literal["critical", "warning", "off_target", "unknown"], str] = {
        "critical": "critical",
        "warning": "warning",
    }
    """The states of a KPI that raise an alert, and its severity; `{}` raises none."""


def declared_simple_groups(rules: Mapping[str, SimpleRule]) -> list[DeclaredGroup]:
    """Rules of one interval are a group."""
    declared = []
    for every in sorted({rule.every for rule in rules.values()}):
        specs = [rule.rule(name) for name, rule in rules.items() if rule.every == every]
        name = f"every {every:g} s"
        declared.append(DeclaredGroup(_FILE, GroupSpec(name=name, rules=[*specs]), every))
    return declared


def simple_rule_problems(
    rules: Mapping[str, SimpleRule], source: Source, path: Path_ = ("alerts", "rules")
) -> list[Problem]:
    """Expressions that are none, or give no numbers; templates that cannot be read."""
    problems = []
    for name, rule in rules.items():
        at = (*path, name)
        value = "expression" if rule.expression else "metric"
        for key, expression in ((value, rule.condition), ("recovery", rule.recovered)):
            what = _wrong(expression) if expression else None
            if what is not None:
                problems.append(Problem(source.mark((*at, key)), dotted((*at, key)), what))
        problems += [
            Problem(
                source.mark((*at, "labels")), dotted((*at, "labels")), f"no name (got {each!r})"
            )
            for each in rule.labels
            if not is_label_name(each) or each == "__name__"
        ]
        texts: dict[Path_, str] = {
            ("message",): rule.message,
            ("description",): rule.description,
        }
        texts |= {("labels", each): text for each, text in rule.labels.items()}
        for where, text in texts.items():
            problems += template_problem(text, (*at, *where), source)
    return problems


def _wrong(expression: str) -> str | None:
    text = expression_problem(expression)
    if text is not None:
        return f"{text} (got {expression!r})"
    type_ = type_of(parse(expression))
    if type_ in ("vector", "scalar"):
        return None
    return f"the expression gives a {type_}, and no rule can use that (got {expression!r})"
