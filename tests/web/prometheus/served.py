"""The API over a store, served on a loopback port from a thread, without a platform."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx2

from opsbook.core.clock import SystemClock
from opsbook.metrics.store import Store
from opsbook.metrics.stores.embedded import Embedded
from opsbook.web.prometheus.sources import Sources
from opsbook.web.server import WebServer, create_api, listen
from opsbook.web.settings import WebSettings
from opsbook.web.status import StatusView


@dataclass(frozen=True)
class Client:
    """Asks one server."""

    address: str

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx2.Response:
        return self.send("POST", path, **options)

    def send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        with httpx2.Client(trust_env=False, timeout=30) as client:
            return client.request(method, self.address + path, **options)

    def data(self, path: str, **parameters: Any) -> Any:
        """The data of an answer that succeeds."""
        answer = self.get(f"/api/v1{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        told = json.loads(answer.content)
        assert told["status"] == "success"
        return told["data"]


@contextlib.contextmanager
def embedded(directory: Path) -> Iterator[Embedded]:
    """An empty store."""
    store = Embedded()
    store.bind(directory, SystemClock())
    store.start()
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def served(store: Store, sources: Sources | None = None) -> Iterator[Client]:
    """Serve until the block ends."""
    # No platform is watched: only the paths that need none are asked.
    api = create_api(cast("StatusView", None), store, sources)
    server = WebServer(api, listen(WebSettings(port=0)))
    loop = asyncio.new_event_loop()
    task = loop.create_task(server.run())

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()

    thread = threading.Thread(target=run, name="served")
    thread.start()
    try:
        yield Client(server.address)
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        server.close()
