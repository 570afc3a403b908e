"""A file of unit tests → what came otherwise than expected, each with its place.

Specification: promtool's `test rules`. All groups are evaluated at the test's own interval, on a
clock that is only a number.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from opsbook.alerts.rules.alerting import ALERT_NAME, AlertingRule, Setting
from opsbook.alerts.rules.check import template_problems
from opsbook.alerts.rules.texts import Surroundings
from opsbook.alerts.rules.unit.document import (
    AlertTest,
    ExpressionTest,
    TestFile,
    TestGroup,
    read_tests,
)
from opsbook.alerts.rules.unit.samples import Given, VirtualSamples
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.errors import OpsbookError
from opsbook.core.labels import Labels, format_labels, labels_of
from opsbook.metrics.durations import format_duration
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.numbers import short
from opsbook.metrics.promql.query import Limits
from opsbook.metrics.promql.series_text import read_labels
from opsbook.metrics.rules.file import read_rules
from opsbook.metrics.rules.rule import Rule
from opsbook.metrics.rules.settings import DeclaredGroup, make_groups
from opsbook.metrics.rules.spec import RuleSpec

_MOST_SHOWN = 10
_Told = tuple[Labels, Labels]
"""Labels and annotations of an alert, empty ones among them."""


@dataclass
class Outcome:
    """What became of one file."""

    tests: int = 0
    evaluations: int = 0
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    """What promtool takes and can hardly be meant."""


def run_tests(file: Path) -> Outcome:
    """Raises nothing for what is wrong with the files: that is told as problems too."""
    outcome = Outcome()
    try:
        document, source = read_tests(file)
        files = _rule_files(document, source, outcome.remarks)
        declared = [each for rules in files for each in _declared(rules)]
    except BookError as error:
        outcome.problems += error.problems
        return outcome
    order = {name: number for number, name in enumerate(document.group_eval_order)}
    declared.sort(key=lambda each: order.get(each.spec.name, 0))
    for number, test in enumerate(document.tests):
        one = _Test(document, test, declared, _Places(source, ("tests", number), test.name))
        outcome.problems += one.run()
        outcome.tests += 1
        outcome.evaluations += one.evaluations
    return outcome


def _rule_files(document: TestFile, source: Source, remarks: list[Problem]) -> list[Path]:
    found: dict[Path, None] = {}
    for index, pattern in enumerate(document.rule_files):
        base = source.file.parent
        root = Path("/") if Path(pattern).is_absolute() else base
        relative = str(Path(pattern).relative_to("/")) if root != base else pattern
        matched = sorted(root.glob(relative)) if relative else []
        if not matched:
            at = ("rule_files", index)
            what = f"no file of this name, so nothing of it is tested (got {pattern!r})"
            remarks.append(Problem(source.mark(at), dotted(at), what))
        found |= dict.fromkeys(matched)
    return list(found)


def _declared(file: Path) -> list[DeclaredGroup]:
    groups = read_rules(file, template_problems).groups
    return [DeclaredGroup(str(file), group, group.interval) for group in groups]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where in the file a test stands."""

    source: Source
    path: Path_
    name: str

    def problem(self, path: Path_, what: str, remedy: str | None = None) -> Problem:
        at = (*self.path, *path)
        shown = dotted(at) + (f" ({self.name})" if self.name else "")
        return Problem(self.source.mark(at), shown, what, remedy)


class _Test:
    """Times in ms."""

    def __init__(
        self,
        document: TestFile,
        test: TestGroup,
        declared: Iterable[DeclaredGroup],
        places: _Places,
    ) -> None:
        self.evaluations = 0
        self._test, self._places, self._fuzzy = test, places, document.fuzzy_compare
        self._every = round(document.interval * 1000)
        self._start = round(test.start_timestamp * 1000)
        step = round((test.interval or document.interval) * 1000)
        series = dict(each.read for each in test.input_series)
        self._samples = VirtualSamples(Given(series, self._start, step))
        self._engine = Engine(self._samples, Limits(subquery_step=self._every))
        surroundings = Surroundings(labels_of(test.external_labels), test.external_url)
        self._setting = Setting(lambda expression, alerts: None, surroundings, remembers=False)
        self._groups = make_groups(declared, self._make)

    def run(self) -> list[Problem]:
        return [*self._evaluate(), *self._expressions()]

    def _make(self, declared: DeclaredGroup, spec: RuleSpec) -> Rule:
        return AlertingRule(declared.spec, spec, declared.interval, self._setting)

    def _evaluate(self) -> list[Problem]:
        """Evaluate from the start to the last thing that is tested, and hold alerts against what
        was expected at the evaluation before each of their times."""
        listed = sorted(enumerate(self._test.alert_rule_test), key=lambda each: each[1].eval_time)
        waiting = [
            (at, list(tests)) for at, tests in groupby(listed, lambda each: each[1].eval_time)
        ]
        problems: list[Problem] = []
        last = self._start + round(self._test.longest * 1000)
        for now in range(self._start, last + 1, self._every):
            failed = list(self._evaluate_once(now))
            if failed:
                return problems + failed
            while waiting and round(waiting[0][0] * 1000) < now - self._start + self._every:
                for number, test in waiting.pop(0)[1]:
                    problems += self._compare_alerts(number, test)
        return problems

    def _evaluate_once(self, now: int) -> Iterator[Problem]:
        self._samples.now = now
        for group in self._groups:
            group.evaluate(now, self._engine.instant, self._samples)
            self.evaluations += len(group.evaluations)
            for one in group.evaluations:
                error = one.status.error
                if error:
                    after = format_duration((now - self._start) / 1000)
                    what = f"rule {one.rule.name} of group {group.spec.name} failed after {after}"
                    yield self._places.problem((), f"{what}: {error}")

    def _compare_alerts(self, number: int, test: AlertTest) -> list[Problem]:
        expected = sorted(
            (
                _pairs({**each.exp_labels, ALERT_NAME: test.alertname}),
                _pairs(each.exp_annotations),
            )
            for each in test.exp_alerts
        )
        actual = sorted(
            (alert.labels, alert.annotations)
            for rule in self._rules(test.alertname)
            for alert in rule.alerts
            if alert.state == "firing"
        )
        if expected == actual:
            return []
        at = ("alert_rule_test", number)
        when = format_duration(test.eval_time)
        what = f"alert {test.alertname} at {when}: {_differences(expected, actual, _alert_text)}"
        return [self._places.problem(at, what, self._remedy(test))]

    def _remedy(self, test: AlertTest) -> str | None:
        if not any(True for _ in self._rules(test.alertname)):
            return "no rule raises an alert of this name"
        states = [alert.state for rule in self._rules(test.alertname) for alert in rule.alerts]
        pending = states.count("pending")
        return f"{pending} pending still" if pending else None

    def _rules(self, name: str) -> Iterator[AlertingRule]:
        for group in self._groups:
            for one in group.evaluations:
                if isinstance(one.rule, AlertingRule) and one.rule.name == name:
                    yield one.rule

    def _expressions(self) -> Iterator[Problem]:
        for number, test in enumerate(self._test.promql_expr_test):
            what = self._compare_samples(test)
            if what:
                when = format_duration(test.eval_time)
                at = ("promql_expr_test", number)
                yield self._places.problem(at, f"{test.expr} at {when}: {what}")

    def _compare_samples(self, test: ExpressionTest) -> str:
        try:
            result = self._engine.instant(test.expr, self._start + round(test.eval_time * 1000))
        except OpsbookError as error:
            return str(error)
        if result.type not in ("vector", "scalar"):
            return f"it gives a {result.type}, which is not a vector or scalar"
        expected = sorted(
            (read_labels(each.labels or "{}"), each.value) for each in test.exp_samples
        )
        actual = sorted((one.labels, float(one.values[0])) for one in result.series)
        same = len(expected) == len(actual) and all(map(self._alike, expected, actual))
        return "" if same else _differences(expected, actual, _sample_text)

    def _alike(self, one: tuple[Labels, float], other: tuple[Labels, float]) -> bool:
        """As promtool compares: a NaN is never what was expected."""
        (labels, value), (same_labels, found) = one, other
        near = self._fuzzy and found in (
            math.nextafter(value, math.inf),
            math.nextafter(value, -math.inf),
        )
        return labels == same_labels and (value == found or near)


def _pairs(texts: Mapping[str, str]) -> Labels:
    """Empty ones too: an annotation may come out empty."""
    return tuple(sorted(texts.items()))


def _differences(
    expected: Sequence[Any], actual: Sequence[Any], shown: Callable[[Any], str]
) -> str:
    """What both have is left out, unless one has it more often."""
    missing, surplus = [*map(shown, expected)], [*map(shown, actual)]
    for text in [*missing]:
        if text in surplus and "NaN" not in text:
            missing.remove(text)
            surplus.remove(text)
    otherwise = "nothing more" if len(missing) < len(expected) else "nothing"
    return f"expected {_listed(missing) or otherwise}, got {_listed(surplus) or otherwise}"


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST_SHOWN
    return "; ".join(texts[:_MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _alert_text(alert: _Told) -> str:
    labels, annotations = alert
    return f"{format_labels(labels)} with {format_labels(annotations)}"


def _sample_text(sample: tuple[Labels, float]) -> str:
    labels, value = sample
    return f"{format_labels(labels)} {short(value)}"
