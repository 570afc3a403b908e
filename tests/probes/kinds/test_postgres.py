"""The `postgres` kind against a real server of its own."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ServerContract, Settings
from tests.servers.postgres import Postgres, postgres
from tests.servers.process import wait_until


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres(max_connections="20") as running:
        running.execute(
            "CREATE TABLE jobs (id int)",
            "CREATE ROLE clerk LOGIN PASSWORD 'clerk-s3cret'",
        )
        yield running


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_PASSWORD", Postgres.password)
    monkeypatch.setenv("CLERK_PASSWORD", "clerk-s3cret")


def target(port: int, **changes: object) -> dict[str, object]:
    login = {"user": Postgres.user, "password": "env:PG_PASSWORD"}
    return {"host": "127.0.0.1", "port": port, "database": "postgres", **login, **changes}


def sleeping(server: Postgres) -> list[int]:
    """The backends that run pg_sleep."""
    with server.connect() as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        )
        return [pid for (pid,) in found]


class TestPostgres(ServerContract):
    kind: ClassVar[str] = "postgres"

    def at(self, port: int) -> Settings:
        return target(port)

    @pytest.fixture
    async def healthy(self, server: Postgres) -> Settings:
        return target(server.port)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"password": "env:CLERK_PASSWORD"}, "password authentication failed"),
            ({"database": "nope"}, 'database "nope" does not exist'),
            ({"query": "SELECT * FROM nope"}, 'relation "nope" does not exist'),
            ({"query": "SELECT 1 / 0"}, "division by zero"),
            ({"sslmode": "require"}, "server does not support SSL"),
        ],
    )
    async def test_a_failure_is_told_in_the_words_of_postgres_without_the_password(
        self, server: Postgres, changes: dict[str, object], said: str
    ) -> None:
        outcome = await look("postgres", target(server.port, **changes))
        assert outcome.state is State.DOWN
        assert said in outcome.message
        assert "s3cret" not in str(outcome)

    @pytest.mark.parametrize(
        ("query", "value"),
        [
            ("SELECT count(*) FROM jobs", 0),
            ("SELECT 1.5::numeric", 1.5),
            ("SELECT interval '90 s'", 90.0),
            ("SELECT true, 2", True),
            ("SELECT '{\"a\": 1}'", '{"a": 1}'),
            ("SELECT repeat('x', 100000)", "x" * 500),
            ("SELECT 7 % 4", 3),
            ("SHOW max_connections", "20"),
        ],
    )
    async def test_the_first_value_is_measured(
        self, server: Postgres, query: str, value: object
    ) -> None:
        outcome = await look("postgres", target(server.port, query=query))
        assert outcome.measurements["value"] == value

    @pytest.mark.parametrize("query", ["SELECT max(id) FROM jobs", "SELECT id FROM jobs"])
    async def test_nothing_found_is_unknown_and_never_zero(
        self, server: Postgres, query: str
    ) -> None:
        conditions = {"value": {"at_least": 0}}
        outcome = await look("postgres", target(server.port, query=query), conditions=conditions)
        assert outcome.state is State.UNKNOWN
        assert "value" not in outcome.measurements

    @pytest.mark.parametrize("query", ["SELECT 'infinity'::timestamptz", "COMMIT"])
    async def test_an_answer_that_cannot_be_used_is_unknown(
        self, server: Postgres, query: str
    ) -> None:
        outcome = await look("postgres", target(server.port, query=query))
        assert outcome.state is State.UNKNOWN
        assert "cannot use the answer" in outcome.message

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("INSERT INTO jobs VALUES (1) RETURNING id", "read-only transaction"),
            ("SELECT 1; DROP TABLE jobs", "cannot insert multiple commands"),
            ("COMMIT; INSERT INTO jobs VALUES (1)", "cannot insert multiple commands"),
        ],
    )
    async def test_a_query_cannot_write(self, server: Postgres, query: str, said: str) -> None:
        outcome = await look("postgres", target(server.port, query=query))
        assert outcome.state is State.DOWN
        assert said in outcome.message
        after = await look("postgres", target(server.port, query="SELECT count(*) FROM jobs"))
        assert after.measurements["value"] == 0

    async def test_a_result_without_end_is_cut_off(self, server: Postgres) -> None:
        query = (
            "SELECT repeat('x', 1000) FROM generate_series(1, 9999) a, generate_series(1, 9999) b"
        )
        outcome = await look("postgres", target(server.port, query=query))
        assert outcome.state is State.UP, outcome.message
        assert outcome.measurements["rows"] == 1000

    @pytest.mark.parametrize("user", ["keeper", "clerk"])
    async def test_connections_are_counted_for_every_user(
        self, server: Postgres, user: str
    ) -> None:
        password = "env:PG_PASSWORD" if user == "keeper" else "env:CLERK_PASSWORD"
        settings = target(server.port, user=user, password=password)
        with server.connect(), server.connect(), server.connect():
            measured = (await look("postgres", settings)).measurements
        assert isinstance(measured["connections"], int)
        assert 4 <= measured["connections"] <= 6
        assert measured["connections_max"] == 20
        assert measured["connections_percent"] == measured["connections"] * 5
        assert measured["server_version"] == "18.4"

    async def test_a_stopped_look_stops_its_query_on_the_server(self, server: Postgres) -> None:
        settings = target(server.port, query="SELECT pg_sleep(30)")
        outcome = await look("postgres", settings, timeout="300ms")
        assert "no answer from" in outcome.message
        await asyncio.sleep(0.05)
        assert sleeping(server) == []

    async def test_a_frozen_server_does_not_hold_a_stopped_look(self, server: Postgres) -> None:
        settings = target(server.port, query="SELECT pg_sleep(30)")
        looking = asyncio.create_task(make_check("postgres", settings).probe.look())
        await asyncio.to_thread(wait_until, lambda: bool(sleeping(server)))
        (backend,) = sleeping(server)
        os.kill(backend, signal.SIGSTOP)
        started = time.monotonic()
        try:
            looking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await looking
        finally:
            os.kill(backend, signal.SIGCONT)
        assert time.monotonic() - started < 2.0

    async def test_a_ca_that_cannot_be_read_is_unknown(
        self, server: Postgres, tmp_path: Path
    ) -> None:
        changes = {"sslmode": "verify-full", "ca": str(tmp_path / "no.pem")}
        outcome = await look("postgres", target(server.port, **changes))
        assert outcome.state is State.UNKNOWN
        assert "no.pem" in outcome.message

    @pytest.mark.parametrize("changes", [{"sslmode": "verify-full"}, {"ca": "roots.pem"}])
    def test_a_ca_and_its_mode_belong_together(self, changes: dict[str, object]) -> None:
        with pytest.raises(ValidationError, match="need each other"):
            make_check("postgres", target(5432, **changes))
