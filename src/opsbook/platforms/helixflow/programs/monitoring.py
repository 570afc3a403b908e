"""`monitoring`: the metrics of all services at one address, and steady traffic to measure."""

import asyncio
import itertools
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from opsbook.platforms.helixflow import grpc
from opsbook.platforms.helixflow.http_client import NoAnswerError, ask
from opsbook.platforms.helixflow.http_server import Answer, HttpServer, Request, json_answer
from opsbook.platforms.helixflow.metrics import CONTENT_TYPE, exposition
from opsbook.platforms.helixflow.models import OFFERED, TOO_LARGE
from opsbook.platforms.helixflow.process import VERSION, Process, run

_SCRAPE_EVERY = 1.0
_SCRAPE_WITHIN = 0.8
_MOST_IN_FLIGHT = 20
_FAILS_EACH = 33
"""One request in so many asks for the model that does not fit: 3 % end in an error."""

Scrape = Callable[[], Awaitable[str]]


class Monitoring:
    """Scrapes the other services each second and keeps what they said last."""

    def __init__(self, process: Process, tls: ssl.SSLContext) -> None:
        self._process = process
        self._tls = tls
        self._targets = self._scrapes()
        self._said: dict[str, list[str]] = {}
        """Service → its samples at the last scrape; a service that did not answer is absent."""
        self._ahead: dict[str, float] = {}
        """Service → how far its clock was ahead of ours then, in seconds."""

    async def health(self, _: Request) -> Answer:
        targets = {name: "up" if name in self._said else "down" for name in self._targets}
        return json_answer({"status": "ok", "version": VERSION, "targets": targets})

    async def metrics(self, _: Request) -> Answer:
        up = [f'up{{service="{name}"}} {int(name in self._said)}' for name in self._targets]
        own = ['up{service="monitoring"} 1', *self._process.metrics.samples()]
        ahead = [
            f'clock_difference_seconds{{service="{name}"}} {self._ahead[name]:.3f}'
            for name in self._said
            if name in self._ahead
        ]
        scraped = itertools.chain.from_iterable(self._said.values())
        return Answer(200, exposition([*up, *own, *ahead, *scraped]).encode(), CONTENT_TYPE)

    async def scrape(self) -> None:
        """Ask all services again and again until cancelled."""
        while True:
            await asyncio.gather(*map(self._scrape, self._targets))
            await asyncio.sleep(_SCRAPE_EVERY)

    async def send_traffic(self, per_second: float) -> None:
        """Ask the gateway as its clients do, until cancelled; a slow one is not buried."""
        in_flight: set[asyncio.Task[None]] = set()
        for number in itertools.count(1):
            await asyncio.sleep(1 / per_second)
            if len(in_flight) < _MOST_IN_FLIGHT:
                task = asyncio.create_task(self._complete(number))
                in_flight.add(task)
                task.add_done_callback(in_flight.discard)

    async def _complete(self, number: int) -> None:
        fits = OFFERED[number % (len(OFFERED) - 1)]
        content = {
            "model": TOO_LARGE if number % _FAILS_EACH == 0 else fits,
            "messages": [{"role": "user", "content": f"Tell me about signal {number}."}],
            "max_tokens": 8 + number % 16,
        }
        try:
            port, path = self._process.ports.gateway, "/v1/chat/completions"
            await ask(port, path, content, within=5.0, tls=self._tls)
        except NoAnswerError as error:
            self._process.log.error("request got no answer", number=number, reason=error)

    async def _scrape(self, service: str) -> None:
        try:
            text = await self._targets[service]()
        except NoAnswerError as error:
            if self._said.pop(service, None) is not None:
                self._process.log.error("scrape failed", target=service, reason=error)
            return
        if service not in self._said:
            self._process.log.info("target up", target=service)
        self._said[service] = [line for line in text.splitlines() if line[:1] not in ("", "#")]
        for line in self._said[service]:
            if line.startswith("process_clock_seconds{"):
                self._ahead[service] = float(line.rpartition(" ")[2]) - time.time()

    def _scrapes(self) -> dict[str, Scrape]:
        """Service → how to ask for its metrics."""
        ports = self._process.ports

        async def over_grpc() -> str:
            answer = await grpc.call(ports.grpc, grpc.METRICS, within=_SCRAPE_WITHIN)
            return grpc.read_text_field(answer)

        return {
            "api-gateway": _over_http(ports.gateway, self._tls),
            "api-gateway-grpc": over_grpc,
            "auth-service": _over_http(ports.auth),
            "inference-pool": _over_http(ports.inference),
        }


def _over_http(port: int, tls: ssl.SSLContext | None = None) -> Scrape:
    async def scrape() -> str:
        status, body = await ask(port, "/metrics", within=_SCRAPE_WITHIN, tls=tls)
        if status != 200:
            raise NoAnswerError(f"port {port} answers {status}")
        return body.decode("utf-8", errors="replace")

    return scrape


def _requests_per_second(process: Process) -> float:
    """From the environment, else 2; 0 sends none."""
    told = os.environ.get("REQUESTS_PER_SECOND", "2")
    try:
        rate = float(told)
    except ValueError:
        rate = -1.0
    if 0 <= rate <= 100:
        return rate
    process.log.error("REQUESTS_PER_SECOND is not from 0 to 100; using 2", got=told[:40])
    return 2.0


async def start(process: Process) -> None:
    tls = ssl.create_default_context(cafile=process.home / "certs/ca.crt")
    monitoring = Monitoring(process, tls)
    routes = {("GET", "/health"): monitoring.health, ("GET", "/metrics"): monitoring.metrics}
    await HttpServer(process, routes).listen(process.ports.monitoring)
    process.background(monitoring.scrape())
    rate = _requests_per_second(process)
    if rate:
        process.background(monitoring.send_traffic(rate))


def main(home: Path) -> None:
    run("monitoring", home, start)
