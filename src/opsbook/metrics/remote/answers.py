"""JSON of Prometheus' HTTP API → results and frames; what is asked of it, in its own words.

Source: the HTTP API page of Prometheus' documentation. What its JSON cannot say, nobody can
read here: staleness markers are left out, and every NaN is the same.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from opsbook.core.labels import NAME, labels_of
from opsbook.metrics.model import Frame, Matcher, Times
from opsbook.metrics.promql.errors import ErrorType, QueryError
from opsbook.metrics.promql.result import Result, Series
from opsbook.metrics.regex import compile_regex
from opsbook.metrics.remote.client import Answer

_TYPES: Mapping[str, ErrorType] = {
    "bad_data": "bad_data",
    "400": "bad_data",
    "timeout": "timeout",
    "canceled": "canceled",
}
"""Error types of servers that have their own; what is not here went wrong while it was answered."""


def content_of(url: str, answer: Answer) -> dict[str, Any]:
    """What stands beside `status`. Raises QueryError with the server's own words."""
    try:
        content = json.loads(answer.body)
        status = content["status"]
    except (ValueError, TypeError, KeyError, RecursionError):
        said = f"{url} answers {answer.status}, and not as Prometheus does: {answer.text}"
        raise QueryError("execution", said) from None
    if status != "success":
        kind = _TYPES.get(str(content.get("errorType")), "execution")
        raise QueryError(kind, str(content.get("error", answer.text)))
    return cast("dict[str, Any]", content)


def result_of(url: str, answer: Answer) -> Result:
    """Raises QueryError."""
    content = content_of(url, answer)
    notes = list(content.get("warnings") or ()), list(content.get("infos") or ())
    try:
        data = content["data"]
        kind, found = data["resultType"], data["result"]
        if kind == "string":
            return Result("string", [], str(found[1]), *notes)
        if kind == "scalar":
            return Result("scalar", [_series({}, [found])], "", *notes)
        if kind == "vector":
            series = [_series(one["metric"], [one["value"]]) for one in found if "value" in one]
        else:
            series = [_series(one["metric"], one["values"]) for one in found if "values" in one]
    except (ValueError, TypeError, KeyError, IndexError) as error:
        said = f"{url} answers not as Prometheus does: {error!r} in {answer.text}"
        raise QueryError("execution", said) from None
    if len(series) < len(found):
        notes[1].append(f"{len(found) - len(series)} native histograms are left out")
    return Result(kind, series, "", *notes)


def _series(metric: Mapping[str, str], points: Sequence[Sequence[Any]]) -> Series:
    # Float seconds of a time have more digits than the milliseconds which they came from.
    times = np.array([round(point[0] * 1000) for point in points], np.int64)
    values = np.array([float(point[1]) for point in points], np.float64)
    return Series(labels_of(metric), times, values)


def frames_of(series: Sequence[Series]) -> list[Frame]:
    """Series with the same times stand together."""
    alike: dict[bytes, list[Series]] = defaultdict(list)
    for one in map(_once, series):
        if len(one.times):
            alike[one.times.tobytes()].append(one)
    return [_frame(members[0].times, members) for members in alike.values()]


def _once(series: Series) -> Series:
    """Of several samples at one time, which VictoriaMetrics keeps, the last."""
    if (np.diff(series.times) > 0).all():
        return series
    times, last = np.unique(series.times[::-1], return_index=True)
    return Series(series.labels, times, series.values[::-1][last])


def _frame(times: Times, members: Sequence[Series]) -> Frame:
    values = np.stack([one.values for one in members], axis=1)
    labels = tuple(one.labels for one in members)
    return Frame(labels, times, np.ascontiguousarray(values), whole=True)


def selector(matchers: Sequence[Matcher]) -> str:
    """As PromQL writes it. Raises BadInputError for a pattern that is none."""
    for matcher in matchers:
        if matcher.op in ("=~", "!~"):
            compile_regex(matcher.value)
    # A selector has to have one matcher that does not take the empty value.
    parts = [f'{NAME}!=""', *(f"{_name(one.name)}{one.op}{_quoted(one.value)}" for one in matchers)]
    return "{" + ",".join(parts) + "}"


def moment(at: int) -> str:
    """Milliseconds as the seconds that the API takes."""
    return f"{at // 1000}.{at % 1000:03d}"


def _name(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else _quoted(name)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'
