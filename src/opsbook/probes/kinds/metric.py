"""`metric`: one value that a program exposes for Prometheus, by its exact name and labels."""

import asyncio
import io
import math
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import httpx2
from pydantic import BeforeValidator, Field, PrivateAttr

from opsbook.book.fields import Secret, Size
from opsbook.core.units import format_size
from opsbook.probes.explain import explain
from opsbook.probes.exposition import ExpositionError, parse_line
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError, ProbeUnknownError
from opsbook.probes.tls import Trust
from opsbook.probes.url import HttpUrl
from opsbook.probes.user_agent import USER_AGENT

_ACCEPT = (
    "text/plain;version=1.0.0;escaping=allow-utf-8,text/plain;version=0.0.4;q=0.9,"
    "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"
)
"""The text format first: there a name is what people see who open the URL themselves."""
_LINES_AT_A_TIME = 1_000
"""About a millisecond's work; other checks have their turn in between."""
_MOST_NAMED = 3


def _numbers(values: list[float]) -> Iterator[float]:
    return (value for value in values if not math.isnan(value))


_AGGREGATES: Mapping[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "max": lambda values: max(_numbers(values), default=math.nan),
    "min": lambda values: min(_numbers(values), default=math.nan),
    "avg": lambda values: sum(values) / len(values),
    "count": len,
}
"""As PromQL does it: max and min pass over what is not a number, sum and avg become it."""


def _label_value(value: Any) -> Any:
    # `code: 200` is a number to YAML and never one to Prometheus.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Metric(Probe):
    """Reads one metric from a Prometheus or OpenMetrics endpoint, by exact name and labels."""

    url: HttpUrl
    """http:// or https:// of the endpoint, such as http://127.0.0.1:9100/metrics."""
    name: Annotated[str, Field(min_length=1)]
    """The sample's whole name: of a counter with its `_total`, of a histogram with `_count`."""
    labels: dict[str, Annotated[str, BeforeValidator(_label_value)]] = {}
    """Labels that the series must have, with exactly these values; it may have others too."""
    aggregate: Literal["sum", "max", "min", "avg", "count"] | None = None
    """What to make of several series; without it, several are an error."""
    bearer: Secret | None = None
    """Token for `Authorization: Bearer`."""
    tls: Trust = Trust()
    """Whom to trust where the URL is https://."""
    largest: Size = 16 * 1024 * 1024
    """A larger answer is not read to its end, and nothing is measured."""

    measures: ClassVar[Mapping[str, str]] = {
        "value": "the value, in the metric's own unit; absent where it is not a number (NaN)",
        "series": "how many series have the name and the labels",
        "scrape_seconds": "time until the whole answer was there",
    }
    expects: ClassVar[Mapping[str, Mapping[str, Any]]] = {"value": {"matches": "."}}

    _client: httpx2.AsyncClient | None = PrivateAttr(default=None)
    _context: ssl.SSLContext | None = PrivateAttr(default=None)

    @property
    def subject(self) -> str:
        return self.url

    async def look(self) -> Measurements:
        started = time.perf_counter()
        text = await self._scrape()
        measured: Measurements = {"scrape_seconds": time.perf_counter() - started}
        values, named = await self._select(text)
        measured["series"] = len(values)
        if len(values) > 1 and self.aggregate is None:
            more = ", …" if len(values) > _MOST_NAMED else ""
            message = f"{self.url}: {len(values)} series match ({', '.join(named)}{more})"
            remedy = "give more `labels` or an `aggregate`"
            raise ProbeUnknownError(f"{message}; {remedy}", measured)
        if values:
            value = _AGGREGATES[self.aggregate or "sum"](values)
            if not math.isnan(value):
                measured["value"] = value
        return measured

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _select(self, text: str) -> tuple[list[float], list[str]]:
        """The values of the series that match, and how the first of them are called."""
        values: list[float] = []
        named: list[str] = []
        for number, line in enumerate(io.StringIO(text), 1):
            if number % _LINES_AT_A_TIME == 0:
                await asyncio.sleep(0)
            # Most lines are of other metrics: reading them whole would cost ten times as much.
            if not line.lstrip(" \t").startswith((self.name, "{")):
                continue
            try:
                sample = parse_line(line.rstrip("\n"))
            except ExpositionError as error:
                raise ProbeUnknownError(f"{self.url}: line {number}: {error}") from None
            if sample is None or sample.name != self.name:
                continue
            if all(sample.labels.get(name, "") == value for name, value in self.labels.items()):
                values.append(sample.value)
                if len(named) < _MOST_NAMED:
                    named.append(sample.series)
        return values, named

    async def _scrape(self) -> str:
        try:
            async with (await self._connected()).stream(
                "GET", self.url, headers=self._headers()
            ) as answer:
                if answer.status_code != 200:
                    message = f"{self.url} answers with status {answer.status_code}"
                    raise ProbeUnknownError(f"{message}, so there is no metric to read")
                text = (await self._body(answer)).decode("utf-8")
        except httpx2.TransportError as error:
            raise ProbeFailedError(f"{self.url}: {explain(error)}") from None
        except UnicodeDecodeError:
            raise ProbeUnknownError(f"{self.url} does not answer with UTF-8 text") from None
        openmetrics = "openmetrics" in answer.headers.get("content-type", "")
        if openmetrics and not text.rstrip("\n").endswith("# EOF"):
            raise ProbeUnknownError(f"{self.url}: the answer is cut off, it does not end in # EOF")
        return text

    async def _body(self, answer: httpx2.Response) -> bytes:
        encoding = answer.headers.get("content-encoding", "identity")
        if encoding != "identity":
            # Compressed bytes are few and can become any number: we did not ask for them.
            raise ProbeUnknownError(f"{self.url} answers in the encoding {encoding}, unasked")
        body = bytearray()
        async for block in answer.aiter_raw():
            body += block
            if len(body) > self.largest:
                message = f"{self.url}: the answer is larger than {format_size(self.largest)}"
                raise ProbeUnknownError(f"{message}; set `largest`")
        return bytes(body)

    async def _connected(self) -> httpx2.AsyncClient:
        """The client kept from look to look, for making one takes 10 ms; a new one when a
        certificate file has changed."""
        context = self.tls.context(self.url) if self.url.startswith("https:") else None
        if self._client is None or context is not self._context:
            await self.close()
            self._context = context
            self._client = httpx2.AsyncClient(
                verify=context or False, trust_env=False, timeout=None
            )
        return self._client

    def _headers(self) -> dict[str, str]:
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": _ACCEPT,
            "Accept-Encoding": "identity",
        }
        if self.bearer is not None:
            headers["Authorization"] = f"Bearer {self.bearer.reveal()}"
        return headers
