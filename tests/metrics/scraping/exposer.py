"""A program that exposes metrics, and what stands around a scrape of it."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from opsbook.core.labels import format_labels
from opsbook.metrics.model import Matcher, is_absent, is_stale
from opsbook.metrics.scraping.settings import ScrapeConfig
from opsbook.metrics.scraping.target import Target, targets
from opsbook.metrics.store import Store

TEXT = "text/plain; version=0.0.4"


async def requests(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Heads of requests until the client ends the connection."""
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            yield await reader.readuntil(b"\r\n\r\n")


@dataclass
class Exposer:
    """Keeps connections alive, as programs do; what it answers can be changed."""

    text: str = ""
    content_type: str = TEXT
    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=dict)
    packed: bool = False
    delay: float = 0.0
    requests: list[str] = field(default_factory=list)
    connections: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        async for request in requests(reader):
            self.requests.append(request.decode())
            await asyncio.sleep(self.delay)
            writer.write(self._answer())

    def _answer(self) -> bytes:
        body = self.text.encode()
        headers = {"Content-Type": self.content_type, **self.headers}
        if self.packed:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        lines = [
            f"HTTP/1.1 {self.status}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


def make_config(port: int, **settings: Any) -> ScrapeConfig:
    """A job with one target on this port of loopback."""
    given = {"job_name": "job", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    return ScrapeConfig.model_validate({**given, **settings})


def make_target(port: int = 1, **settings: Any) -> Target:
    config = make_config(port, **settings)
    (target,), _ = targets(config, config.static_configs)
    return target


def samples(store: Store, *names: str) -> dict[str, list[tuple[int, float | str]]]:
    """Series → its times and values; a staleness marker is the word `stale`.

    All series if no metric is named. Labels `job` and `instance` are left out.
    """
    pattern = "|".join(names) or ".+"
    found = {}
    for frame in store.select((Matcher("__name__", "=~", pattern),), 0, 2**60):
        stale, absent = is_stale(frame.values), is_absent(frame.values)
        for column, labels in enumerate(frame.labels):
            series = format_labels(
                tuple(one for one in labels if one[0] not in ("job", "instance"))
            )
            found[series] = [
                (at, "stale" if stale[row, column] else float(frame.values[row, column]))
                for row, at in enumerate(frame.times.tolist())
                if not absent[row, column]
            ]
    return found


def values(store: Store, *names: str) -> dict[str, list[float | str]]:
    """The same without times."""
    return {series: [value for _, value in rows] for series, rows in samples(store, *names).items()}
