"""Who may carry runs."""

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
