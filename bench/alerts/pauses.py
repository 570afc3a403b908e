"""How long the API answers nobody while it has much to do."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.metrics.client import Client
from bench.metrics.contestant import Server

_EVERY = 0.005


@contextmanager
def polled(server: Server) -> Iterator[list[float]]:
    """Asks `/-/healthy` until the block ends; seconds that each answer took."""
    found: list[float] = []
    ended = threading.Event()

    def poll() -> None:
        client = Client(server.port)
        client.timed("/-/healthy", {})
        while not ended.is_set():
            found.append(client.timed("/-/healthy", {}))
            time.sleep(_EVERY)
        client.close()

    thread = threading.Thread(target=poll, name="poll", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
