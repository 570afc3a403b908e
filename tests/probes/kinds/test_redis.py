"""The `redis` kind against real servers of its own."""

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ServerContract, Settings
from tests.servers.certificate import certified
from tests.servers.loopback import (
    endless,
    free_port,
    serving,
)
from tests.servers.process import wait_until
from tests.servers.redis import Redis, redis, with_tls

PASSWORD = "redis-s3cret"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    options = ("--maxmemory", "64mb")
    with redis(tmp_path_factory.mktemp("redis"), *options, password=PASSWORD) as running:
        running.send("SET a 1", "SET b 2", "SELECT 3", "SET c 3")
        running.send("ACL SETUSER watcher on >watch-s3cret +ping")
        yield running


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", PASSWORD)
    monkeypatch.setenv("WATCHER_PASSWORD", "watch-s3cret")


def target(port: int, **changes: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, **changes}


class TestRedis(ServerContract):
    kind: ClassVar[str] = "redis"

    def at(self, port: int) -> Settings:
        return target(port)

    @pytest.fixture
    async def healthy(self, server: Redis) -> Settings:
        return target(server.port, password="env:REDIS_PASSWORD")

    @pytest.mark.parametrize("head", [b"$1073741824\r\n", b"$-5\r\n", b"*1\r\n" * 10_000])
    async def test_a_reply_without_end_takes_neither_time_nor_memory(self, head: bytes) -> None:
        async def handler(reader: Any, writer: Any) -> None:
            writer.write(head)
            await endless(reader, writer)

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with serving(handler) as port:
            outcome = await look("redis", target(port))
        assert outcome.state is State.DOWN
        assert "no answer" not in outcome.message
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({}, "NOAUTH Authentication required."),
            ({"password": "env:WATCHER_PASSWORD"}, "WRONGPASS"),
            ({"password": "env:REDIS_PASSWORD", "db": 99}, "ERR DB index is out of range"),
        ],
    )
    async def test_a_refusal_is_told_in_the_words_of_redis_without_the_password(
        self, server: Redis, changes: dict[str, Any], said: str
    ) -> None:
        outcome = await look("redis", target(server.port, **changes))
        assert outcome.state is State.DOWN
        assert said in outcome.message
        assert "s3cret" not in str(outcome)

    async def test_info_is_measured(self, server: Redis) -> None:
        settings = target(server.port, password="env:REDIS_PASSWORD")
        measured = (await look("redis", settings)).measurements
        assert measured["role"] == "master"
        assert measured["keys"] == 2
        assert measured["evicted_keys"] == 0
        assert measured["connected_clients"] == 1
        assert measured["used_memory_percent"] == pytest.approx(
            float(measured["used_memory_bytes"]) * 100 / (64 * 1024 * 1024)
        )
        assert 0 <= float(measured["rdb_last_save_age_seconds"]) < 300
        assert "replication_lag_bytes" not in measured

    @pytest.mark.parametrize(("db", "keys"), [(3, 1), (4, 0)])
    async def test_keys_are_those_of_the_database(self, server: Redis, db: int, keys: int) -> None:
        settings = target(server.port, password="env:REDIS_PASSWORD", db=db)
        assert (await look("redis", settings)).measurements["keys"] == keys

    async def test_a_user_who_may_only_ping_sees_it_up_and_nothing_else(
        self, server: Redis
    ) -> None:
        settings = target(server.port, username="watcher", password="env:WATCHER_PASSWORD")
        outcome = await look("redis", settings)
        assert outcome.state is State.UP, outcome.message
        assert set(outcome.measurements) == {"connect_seconds", "latency_seconds"}

    async def test_a_unix_socket_will_do(self, server: Redis) -> None:
        settings = {"socket": str(server.socket), "password": "env:REDIS_PASSWORD"}
        outcome = await look("redis", settings)
        assert outcome.state is State.UP, outcome.message

    async def test_tls_is_spoken_with_a_server_that_is_trusted(self, tmp_path: Path) -> None:
        ca, file = certified(tmp_path)
        port = free_port()
        with redis(tmp_path, *with_tls(port, file, ca)):
            trusted = await look("redis", target(port, tls={"ca": str(ca)}))
            stranger = await look("redis", target(port, tls={}))
            plain = await look("redis", target(port))
        assert trusted.state is State.UP, trusted.message
        assert "certificate not trusted" in stranger.message
        assert plain.state is State.DOWN
        assert "TLS on this port" in plain.message

    async def test_a_server_that_loads_its_data_is_down(self, tmp_path: Path) -> None:
        with redis(tmp_path) as filled:
            filled.send(*(f"SET key{number} 1" for number in range(2000)), "SAVE")
        slow = ("--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024")
        with redis(tmp_path, *slow) as loading:
            outcome = await look("redis", target(loading.port))
        assert outcome.state is State.DOWN
        assert "LOADING Redis is loading the dataset in memory" in outcome.message

    async def test_replication_is_measured_at_both_ends(
        self, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        other = tmp_path_factory.mktemp("replica")
        with (
            redis(tmp_path, "--repl-diskless-sync-delay", "0") as master,
            redis(other, "--replicaof", f"127.0.0.1 {master.port}") as replica,
        ):
            wait_until(lambda: "state=online" in master.send("INFO replication"))
            first = (await look("redis", target(master.port))).measurements
            second = (await look("redis", target(replica.port))).measurements
        assert isinstance(first["replication_lag_bytes"], int)
        assert (second["role"], second["replication_link"]) == ("slave", "up")

    async def test_no_limit_of_memory_is_no_share_of_it(self, tmp_path: Path) -> None:
        with redis(tmp_path) as unlimited:
            measured = (await look("redis", target(unlimited.port))).measurements
        assert "used_memory_percent" not in measured

    @pytest.mark.parametrize("wrong", [{}, {"host": "a", "socket": "/b"}])
    def test_exactly_one_address_is_needed(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError, match="either `host` or `socket`"):
            make_check("redis", wrong)
