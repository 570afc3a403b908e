"""What waits is sent until it has arrived, and only what is refused is lost."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from opsbook.metrics.remote.client import Access, Client
from opsbook.metrics.remote.encoding import encoded_labels, encoded_row
from opsbook.metrics.remote.outbox import Outbox, Row
from opsbook.metrics.remote.sender import Sender
from tests.metrics.remote.messages import NOW, series
from tests.metrics.remote.taker import Taker, taker
from tests.servers.process import wait_until


@pytest.fixture
def server() -> Iterator[Taker]:
    with taker() as running:
        yield running


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox", 10_000_000)
    yield opened
    opened.close()


@pytest.fixture
def sender(outbox: Outbox, server: Taker) -> Iterator[Sender]:
    client = Client(Access(dict))
    sender = Sender(outbox, client, server.url)
    sender.start()
    yield sender
    sender.close()
    client.close()


def put(outbox: Outbox, at: int, *names: str) -> None:
    parts = [encoded_labels(series(name)) for name in names]
    assert outbox.put(Row(len(names), encoded_row(parts, at, np.arange(len(names), dtype=float))))


def test_what_is_put_arrives_in_order_and_once(
    sender: Sender, outbox: Outbox, server: Taker
) -> None:
    for step in range(10):
        put(outbox, NOW + step, "a", "b")
    assert sender.catch_up(10.0)
    assert server.taken == [
        (name, NOW + step, float(value)) for step in range(10) for value, name in enumerate("ab")
    ]
    assert outbox.empty
    assert sender.trouble is None


def test_a_request_says_what_it_is(sender: Sender, outbox: Outbox, server: Taker) -> None:
    put(outbox, NOW, "a")
    assert sender.catch_up(10.0)
    said = {name: server.headers[name] for name in ("Content-Type", "Content-Encoding")}
    assert said == {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
    assert server.headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
    assert server.headers["User-Agent"].startswith("opsbook/")


@pytest.mark.parametrize("status", [500, 503, 429, 401, 403, 404])
def test_what_may_pass_is_waited_for(
    sender: Sender, outbox: Outbox, server: Taker, status: int
) -> None:
    server.status = status
    put(outbox, NOW, "a")
    wait_until(lambda: sender.trouble is not None)
    assert f"answers {status}: no!; 0" not in str(sender.trouble)
    assert f"{server.url} answers {status}: no!; " in str(sender.trouble)
    assert str(outbox.directory) in str(sender.trouble)
    assert not sender.catch_up(10.0)
    server.status = 204
    wait_until(lambda: outbox.empty)
    assert server.taken == [("a", NOW, 0.0)]
    assert (sender.trouble, sender.refused) == (None, 0)


def test_only_what_is_refused_is_lost(sender: Sender, outbox: Outbox, server: Taker) -> None:
    server.refused = {"bad"}
    for step in range(8):
        put(outbox, NOW + step, "a", "b", *(["bad"] if step == 5 else []))
    assert sender.catch_up(10.0)
    assert sorted(server.taken) == sorted(
        (name, NOW + step, float(value)) for step in range(8) for value, name in enumerate("ab")
    )
    assert sender.refused == 1


def test_many_refusals_do_not_take_for_ever(sender: Sender, outbox: Outbox, server: Taker) -> None:
    server.refused = {"bad"}
    for step in range(2_000):
        put(outbox, NOW + step, "bad")
    assert sender.catch_up(30.0)
    assert sender.refused == 2_000
    assert server.requests < 3_000


def test_a_server_that_is_not_there_is_named(outbox: Outbox) -> None:
    client = Client(Access(dict))
    sender = Sender(outbox, client, "http://127.0.0.1:9/api/v1/write")
    sender.start()
    put(outbox, NOW, "a")
    wait_until(lambda: sender.trouble is not None)
    assert "http://127.0.0.1:9/api/v1/write: Connection refused; " in str(sender.trouble)
    started = time.monotonic()
    sender.close()
    client.close()
    assert time.monotonic() - started < 2.0
    assert not outbox.empty
