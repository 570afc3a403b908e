"""Who may carry runs."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, make_url

from opsbook.durable.lock import CarrierLock, TakenError, carrier_lock
from opsbook.state.database import sqlite_url
from tests.durable.databases import fresh_database
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "runs.db")
    return make_url(fresh_database(request.getfixturevalue("server")))


@pytest.fixture
def first(url: URL) -> Iterator[CarrierLock]:
    lock = carrier_lock(url, "controller")
    lock.take()
    yield lock
    lock.release()


def test_a_place_is_taken_once(url: URL, first: CarrierLock) -> None:
    second = carrier_lock(url, "controller")
    with pytest.raises(TakenError, match="another opsbook carries the runs of 'controller'"):
        second.take()
    second.release()


def test_a_released_place_is_free(url: URL, first: CarrierLock) -> None:
    first.release()
    second = carrier_lock(url, "controller")
    second.take()
    assert second.keep() is None
    second.release()


def test_what_is_held_is_kept(first: CarrierLock) -> None:
    assert first.keep() is None


def test_no_password_is_told(server: Postgres) -> None:
    url = make_url(fresh_database(server))
    first, second = carrier_lock(url, "a"), carrier_lock(url, "a")
    first.take()
    with pytest.raises(TakenError) as refused:
        second.take()
    assert server.password not in str(refused.value)
    for lock in (first, second):
        lock.release()


def test_carriers_of_other_names_carry_beside_it(server: Postgres) -> None:
    url = make_url(fresh_database(server))
    locks = [carrier_lock(url, name) for name in ("controller", "host.a", "host.b")]
    for lock in locks:
        lock.take()
    assert [lock.keep() for lock in locks] == [None] * 3
    for lock in locks:
        lock.release()


def test_a_lost_lock_is_taken_again(server: Postgres) -> None:
    lock = carrier_lock(make_url(fresh_database(server)), "controller")
    lock.take()
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'opsbook runs of controller'"
    )
    lost = lock.keep()
    assert lost is not None
    assert "is lost" in lost
    assert lock.keep() is None
    lock.release()


def test_neither_side_waits_for_hours_for_one_that_the_network_hides(server: Postgres) -> None:
    lock = carrier_lock(make_url(fresh_database(server)), "controller")
    lock.take()
    with server.connect() as connection:
        (port,) = connection.execute(
            "SELECT client_port FROM pg_stat_activity "
            "WHERE application_name = 'opsbook runs of controller'"
        ).fetchone() or (0,)
    assert seconds_to_keepalive(port, server.port) <= 10
    assert seconds_to_keepalive(server.port, port) <= 10
    lock.release()


def seconds_to_keepalive(local: int, remote: int) -> float:
    """Until this side of a connection on loopback asks whether the other is there (proc(5))."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            words = line.split()
            ports = tuple(int(words[place].partition(":")[2], 16) for place in (1, 2))
            timer, _, when = words[5].partition(":")
            # Just after something was sent, it is its arrival that is waited for.
            if ports == (local, remote) and timer == "02":
                return int(when, 16) / os.sysconf("SC_CLK_TCK")
        time.sleep(0.01)
    raise AssertionError("nobody will ask")
