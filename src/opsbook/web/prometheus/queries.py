"""Evaluating expressions, and writing them nicely."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import promql_parser

from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.parse import parse
from opsbook.metrics.promql.query import Limits
from opsbook.metrics.promql.result import Result
from opsbook.metrics.querier import Querier, querier
from opsbook.metrics.store import Store
from opsbook.web.prometheus.answers import Answer, answer, query_answer
from opsbook.web.prometheus.errors import ApiError, invalid
from opsbook.web.prometheus.parameters import Parameters
from opsbook.web.prometheus.runner import Stopped

_MOST_STEPS = 11_000
_BYTES_OF_POINT = 34
"""About: a time and a value as JSON writes them."""
_BYTES_OF_SERIES = 200


class Queries:
    """`query`, `query_range`, and what looks at an expression without its samples."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store, self._limits = store, limits

    def instant(self, given: Parameters, stopped: Stopped) -> Answer:
        limit = given.limit()
        at = given.moment_or("time", int(time.time() * 1000))
        run = _Run(self._store, self._limits, given, stopped)
        result = run.result(lambda asked: asked.instant(_query(given), at, cancelled=run.cancelled))
        found = query_answer(result, at, limit, run.statistics())
        # Without a time the same words ask for another moment each time.
        return _for_ever(found, result) if given.text("time") else found

    def range(self, given: Parameters, stopped: Stopped) -> Answer:
        limit = given.limit()
        start, end = given.moment("start"), given.moment("end")
        if end < start:
            raise invalid("end", "end timestamp must not be before start time")
        step = given.seconds("step")
        if step <= 0:
            reason = "zero or negative query resolution step widths are not accepted."
            raise invalid("step", f"{reason} Try a positive integer")
        if (end - start) / 1000 / step > _MOST_STEPS:
            raise ApiError(
                "bad_data",
                f"exceeded maximum resolution of {_MOST_STEPS:,} points per timeseries."
                " Try decreasing the query resolution (?step=XX)",
            )
        steps = start, end, max(int(step * 1000), 1)
        run = _Run(self._store, self._limits, given, stopped)
        result = run.result(
            lambda asked: asked.range(_query(given), *steps, cancelled=run.cancelled)
        )
        return _for_ever(query_answer(result, end, limit, run.statistics()), result)

    def exemplars(self, given: Parameters, stopped: Stopped) -> Answer:
        """Always empty: none are kept."""
        start, end = given.span()
        if end < start:
            raise ApiError("bad_data", "end timestamp must not be before start timestamp")
        parse(given.text("query"))
        return answer([])

    def formatted(self, given: Parameters, stopped: Stopped) -> Answer:
        text = given.text("query")
        _checked(text)
        try:
            return answer(promql_parser.parse(text).prettify())
        except ValueError:
            # It knows no duration expressions; what it cannot read is left as it was written.
            return answer(text.strip())


class _Run:
    """One evaluation within its limits."""

    def __init__(self, store: Store, limits: Limits, given: Parameters, stopped: Stopped) -> None:
        seconds = min(given.seconds_or("timeout", limits.seconds), limits.seconds)
        limits = replace(limits, seconds=seconds, steps=_MOST_STEPS + 1)
        try:
            lookback = given.seconds_or("lookback_delta", 0)
        except ApiError as error:
            said = str(error).partition(": ")[2]
            raise ApiError("bad_data", f"error parsing lookback delta duration: {said}") from None
        if lookback > 0:
            limits = replace(limits, lookback=int(lookback * 1000))
        self._querier = querier(store, limits)
        self._stopped = stopped
        self._wants_statistics = bool(given.text("stats"))
        self._began = time.monotonic()
        self._deadline = self._began + seconds
        self._took = 0.0

    def cancelled(self) -> bool:
        return self._stopped() or time.monotonic() > self._deadline

    def result(self, ask: Callable[[Querier], Result]) -> Result:
        """A querier that knows no limits is stopped by `cancelled`, which is not its reason."""
        try:
            return ask(self._querier)
        except QueryError as error:
            if error.type == "canceled" and not self._stopped():
                text = "query timed out in expression evaluation"
                raise ApiError("timeout", text) from None
            raise
        finally:
            self._took = time.monotonic() - self._began

    def statistics(self) -> dict[str, Any] | None:
        """The times that are known; samples are not counted the way Prometheus does."""
        if not self._wants_statistics:
            return None
        return {"timings": {"evalTotalTime": self._took, "execTotalTime": self._took}}


def _for_ever(found: Answer, result: Result) -> Answer:
    """An answer that may be given again as long as its samples are what they were."""
    points = sum(len(each.times) for each in result.series)
    size = points * _BYTES_OF_POINT + len(result.series) * _BYTES_OF_SERIES
    return replace(found, unchanged=result.unchanged, size=size)


def _query(given: Parameters) -> str:
    text = given.text("query")
    _checked(text)
    return text


def _checked(text: str) -> None:
    """Raises ApiError where the text is no expression."""
    try:
        parse(text)
    except QueryError as error:
        raise invalid("query", str(error)) from None
