"""What a server that speaks Prometheus' HTTP API is asked: queries, series, deletions."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from opsbook.core.errors import OpsbookError
from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.model import Frame, Matcher
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.result import Result, Series
from opsbook.metrics.querier import never
from opsbook.metrics.remote.answers import content_of, frames_of, moment, result_of, selector
from opsbook.metrics.remote.client import Answer, Client, UnwantedError
from opsbook.metrics.store import StoreError, TooManySamplesError

Matchers = tuple[Matcher, ...]


class Reader:
    """Times in ms. `url` is the API's without `/api/v1`, `timeout` the server's for a query."""

    def __init__(self, client: Client, url: str, timeout: float) -> None:
        self._client, self._url = client, url.rstrip("/")
        self._timeout = f"{max(1, int(timeout))}s"

    def instant(self, expression: str, at: int, cancelled: Callable[[], bool] = never) -> Result:
        """Raises QueryError."""
        return self._evaluated("/query", cancelled, {"query": expression, "time": moment(at)})

    def range(
        self, expression: str, start: int, end: int, step: int, cancelled: Callable[[], bool]
    ) -> Result:
        """Raises QueryError."""
        times = {"start": moment(start), "end": moment(end), "step": moment(step)}
        return self._evaluated("/query_range", cancelled, {"query": expression, **times})

    def samples(self, matchers: Matchers, start: int, end: int) -> list[Frame]:
        """As they were sent, but for staleness markers. Raises StoreError, TooManySamplesError."""
        # The left end belongs to a range for Prometheus 2 only: one more is asked for.
        asked = f"{selector(matchers)}[{end - start + 1}ms]"
        try:
            found = self.instant(asked, end).series
        except QueryError as error:
            kind = TooManySamplesError if "too many samples" in str(error) else StoreError
            raise kind(f"{self._url}: {error}") from None
        return frames_of([_since(start, one) for one in found])

    def series(self, matchers: Matchers, start: int, end: int) -> list[Labels]:
        """Raises StoreError."""
        return sorted(map(labels_of, self._listed("POST", "/series", matchers, start, end)))

    def label_names(self, matchers: Matchers, start: int, end: int) -> list[str]:
        """Raises StoreError."""
        return sorted(self._listed("POST", "/labels", matchers, start, end))

    def label_values(self, name: str, matchers: Matchers, start: int, end: int) -> list[str]:
        """Raises StoreError."""
        path = f"/label/{quote(name, safe='')}/values"
        return sorted(self._listed("GET", path, matchers, start, end))

    def delete(self, matchers: Matchers, span: tuple[int, int] | None) -> None:
        """Samples between two times, or all. Raises StoreError."""
        asked = {"match[]": selector(matchers)} if span is None else _spanned(matchers, *span)
        answer = self._asked("POST", "/admin/tsdb/delete_series", asked)
        if answer.status not in (200, 204):
            raise StoreError(
                f"{self._url} answers {answer.status}: {answer.text}; nothing was deleted: "
                "Prometheus has to be started with --web.enable-admin-api, VictoriaMetrics "
                "deletes only whole series, without a beginning and an end"
            )

    def _evaluated(
        self, path: str, cancelled: Callable[[], bool], asked: Mapping[str, str]
    ) -> Result:
        try:
            answer = self._asked("POST", path, {**asked, "timeout": self._timeout}, cancelled)
        except UnwantedError as error:
            raise QueryError("canceled", str(error)) from None
        except OpsbookError as error:
            raise QueryError("execution", str(error)) from None
        return result_of(self._url, answer)

    def _listed(
        self, method: str, path: str, matchers: Matchers, start: int, end: int
    ) -> list[Any]:
        if start > end:
            return []
        try:
            answer = self._asked(method, path, _spanned(matchers, start, end))
            return list(content_of(self._url, answer)["data"] or ())
        except QueryError as error:
            raise StoreError(f"{self._url}: {error}") from None

    def _asked(
        self,
        method: str,
        path: str,
        asked: Mapping[str, str],
        cancelled: Callable[[], bool] = never,
    ) -> Answer:
        url = f"{self._url}/api/v1{path}"
        if method == "GET":
            return self._client.ask(method, url, cancelled=cancelled, params=asked)
        return self._client.ask(method, url, cancelled=cancelled, data=asked)


def _spanned(matchers: Matchers, start: int, end: int) -> dict[str, str]:
    return {"match[]": selector(matchers), "start": moment(start), "end": moment(end)}


def _since(start: int, series: Series) -> Series:
    mine = series.times >= start
    return Series(series.labels, series.times[mine], series.values[mine])
