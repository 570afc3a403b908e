"""promtool's files of unit tests, as they are.

Specification: "Unit Testing for Rules" of Prometheus.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from opsbook.book.load import load_document
from opsbook.book.model import Section
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.labels import Labels
from opsbook.metrics.durations import PrometheusDuration
from opsbook.metrics.promql.series_text import (
    Points,
    SeriesTextError,
    read_labels,
    read_series,
)

_SPECIAL = {".nan": math.nan, ".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf}
_MINUTE = 60.0


def _number(value: Any) -> Any:
    """YAML has its own words for what is no finite number."""
    return _SPECIAL.get(value.lower(), value) if isinstance(value, str) else value


def _texts(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: "" if text is None else text for name, text in value.items()}


def _moment(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        pass
    try:
        return datetime.fromisoformat(value).timestamp()
    except (TypeError, ValueError):
        raise ValueError("not a moment: write seconds since 1970 or 2026-03-01T00:00:00Z") from None


Number = Annotated[float, BeforeValidator(_number)]
Texts = Annotated[dict[str, str], BeforeValidator(_texts)]
Moment = Annotated[float, BeforeValidator(_moment)]


class _Part(Section):
    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        """What is null is as good as not there."""
        if not isinstance(data, Mapping):
            return {} if data is None else data
        return {key: value for key, value in data.items() if value is not None}


class InputSeries(_Part):
    """A series, and its values at the test's interval."""

    series: str = ""
    values: str = ""

    @cached_property
    def read(self) -> tuple[Labels, Points]:
        """Raises SeriesTextError."""
        return read_series(f"{self.series} {self.values}")


class ExpectedAlert(_Part):
    exp_labels: Texts = {}
    exp_annotations: Texts = {}


class AlertTest(_Part):
    """The alerts of one name that fire at one time: these and no others."""

    eval_time: PrometheusDuration = 0.0
    alertname: str = ""
    exp_alerts: list[ExpectedAlert] = []


class ExpectedSample(_Part):
    labels: str = ""
    value: Number = 0.0
    histogram: str = ""


class ExpressionTest(_Part):
    """What an expression gives at one time."""

    expr: str = ""
    eval_time: PrometheusDuration = 0.0
    exp_samples: list[ExpectedSample] = []


class TestGroup(_Part):
    """Tests over the same series."""

    __test__ = False  # pytest takes whatever is called so for a test of its own

    name: str = ""
    interval: PrometheusDuration = 0.0
    input_series: list[InputSeries] = []
    alert_rule_test: list[AlertTest] = []
    promql_expr_test: list[ExpressionTest] = []
    external_labels: Texts = {}
    external_url: str = ""
    start_timestamp: Moment = 0.0

    @property
    def longest(self) -> float:
        """Seconds until the last thing that is tested."""
        times = [each.eval_time for each in self.alert_rule_test]
        times += [each.eval_time for each in self.promql_expr_test]
        return max(times, default=0.0)


class TestFile(_Part):
    """A file of unit tests."""

    __test__ = False

    rule_files: list[str] = []
    evaluation_interval: PrometheusDuration = 0.0
    group_eval_order: list[str] = []
    fuzzy_compare: bool = False
    tests: list[TestGroup] = []

    @property
    def interval(self) -> float:
        """Seconds between two evaluations."""
        return self.evaluation_interval or _MINUTE


def read_tests(file: Path) -> tuple[TestFile, Source]:
    """Raises BookError with all problems at once."""
    return load_document(file, TestFile, _order_problems, _test_problems)


def _order_problems(document: TestFile, source: Source) -> list[Problem]:
    order = document.group_eval_order
    return [
        _problem(source, ("group_eval_order", index), f"the group stands twice (got {name!r})")
        for index, name in enumerate(order)
        if name in order[:index]
    ]


def _test_problems(document: TestFile, source: Source) -> list[Problem]:
    problems = []
    for index, test in enumerate(document.tests):
        at: Path_ = ("tests", index)
        problems += _series_problems(test, (*at, "input_series"), source)
        for number, alert in enumerate(test.alert_rule_test):
            if not alert.alertname:
                where = (*at, "alert_rule_test", number)
                problems.append(
                    _problem(source, where, "the alert has no name", "write alertname: …")
                )
        for number, expression in enumerate(test.promql_expr_test):
            where = (*at, "promql_expr_test", number, "exp_samples")
            problems += _sample_problems(expression, where, source)
    return problems


def _series_problems(test: TestGroup, path: Path_, source: Source) -> list[Problem]:
    problems = []
    for number, series in enumerate(test.input_series):
        try:
            labels, points = series.read
            if not labels and any(point is not None for point in points):
                raise SeriesTextError("samples without any label")
        except SeriesTextError as error:
            problems.append(_problem(source, (*path, number), str(error)))
    return problems


def _sample_problems(test: ExpressionTest, path: Path_, source: Source) -> list[Problem]:
    problems = []
    for number, sample in enumerate(test.exp_samples):
        try:
            if sample.histogram:
                raise SeriesTextError(f"native histograms are not kept here: {sample.histogram}")
            read_labels(sample.labels or "{}")
        except SeriesTextError as error:
            problems.append(_problem(source, (*path, number), str(error)))
    return problems


def _problem(source: Source, path: Path_, what: str, remedy: str | None = None) -> Problem:
    return Problem(source.mark(path), dotted(path), what, remedy)
