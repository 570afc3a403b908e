"""Runs on DBOS: the contract on both databases."""

import asyncio
import functools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.durable.engines.dbos import DbosEngine
from opsbook.state.database import sqlite_url
from tests.durable.contract import QUEUES, EngineContract, Maker, opened
from tests.durable.databases import fresh_database
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


async def open_once(engine: DbosEngine) -> None:
    async with opened(engine):
        pass


@pytest.fixture(scope="module")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that knows its queues: they are found a second after they are new."""
    file = tmp_path_factory.mktemp("template") / "runs.db"
    asyncio.run(open_once(DbosEngine(sqlite_url(file), {}, QUEUES)))
    return file


@pytest.fixture(scope="module")
def postgresql_template(server: Postgres) -> str:
    url = fresh_database(server)
    asyncio.run(open_once(DbosEngine(url, {}, QUEUES)))
    return url.rpartition("/")[2]


class TestSqlite(EngineContract):
    @pytest.fixture
    def make(self, sqlite_template: Path, tmp_path: Path) -> Maker:
        shutil.copy(sqlite_template, tmp_path)
        return functools.partial(DbosEngine, sqlite_url(tmp_path / "runs.db"), queues=QUEUES)


class TestPostgresql(EngineContract):
    @pytest.fixture
    def make(self, server: Postgres, postgresql_template: str) -> Maker:
        url = fresh_database(server, postgresql_template)
        return functools.partial(DbosEngine, url, queues=QUEUES)
