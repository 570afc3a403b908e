"""How agents of further hosts stand, from the words that they leave."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from opsbook.core.clock import ManualClock
from opsbook.probes.model import State
from opsbook.runbooks.agents import Agents
from opsbook.runbooks.hosts import HostSettings
from opsbook.state.database import connect, reading
from opsbook.state.hosts import beat, hosts, say_hello
from opsbook.state.ledger import Ledger, read_entries
from tests.durable.databases import fresh_database
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture
def engine(server: Postgres) -> Iterator[Engine]:
    url = fresh_database(server).replace("postgresql:", "postgresql+psycopg:")
    engine = connect(url)
    yield engine
    engine.dispose()


@contextmanager
def watching(engine: Engine, clock: ManualClock) -> Iterator[tuple[Agents, Ledger]]:
    ledger = Ledger(engine, clock)
    try:
        yield Agents({"north": HostSettings()}, engine, ledger, clock), ledger
    finally:
        ledger.close()


def age(engine: Engine, seconds: float) -> None:
    with engine.begin() as connection:
        connection.execute(hosts.update().values(seen_at=hosts.c.seen_at - seconds))


def told(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return [entry.kind for entry in read_entries(connection)]


async def test_an_agent_that_never_came_is_unknown_and_how_to_start_it_is_said(
    engine: Engine,
) -> None:
    with watching(engine, ManualClock()) as (agents, _):
        assert agents.standings()[0].message == "not looked for yet"
        await agents.look()
        standing = agents.standings()[0]
    assert standing.state is State.UNKNOWN
    assert "start `opsbook agent BOOK --host north` there" in standing.message
    assert standing.seen_at is None


async def test_one_that_is_silent_is_late_and_the_ledger_tells_when_it_came_and_went(
    engine: Engine,
) -> None:
    with watching(engine, ManualClock()) as (agents, ledger):
        say_hello(engine, "north")
        await agents.look()
        assert agents.standings()[0].state is State.UP
        age(engine, 40)
        await agents.look()
        late = agents.standings()[0]
        beat(engine, "north")
        await agents.look()
        assert agents.standings()[0].state is State.UP
        assert await ledger.flush(within=5)
    assert late.state is State.LATE
    assert late.message.startswith("not heard of for 40")
    assert told(engine) == ["host.seen", "host.late", "host.seen"]


async def test_without_the_database_nobody_knows(engine: Engine) -> None:
    clock = ManualClock()
    with watching(engine, clock) as (agents, _):
        say_hello(engine, "north")
        await agents.look()
        clock.advance(40)
        standing = agents.standings()[0]
    assert standing.state is State.UNKNOWN
    assert standing.message.startswith("the database was not asked for 40")


async def test_one_that_begins_again_is_another_process_of_the_same_host(engine: Engine) -> None:
    with watching(engine, ManualClock()) as (agents, _):
        say_hello(engine, "north")
        say_hello(engine, "north")
        await agents.look()
        assert len(agents.standings()) == 1
