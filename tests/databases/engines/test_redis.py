"""The `redis` engine against real servers of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.databases.limits import Limits
from opsbook.databases.model import DatabaseError, Level, Report
from tests.databases.engines.contract import NOW, EngineContract, Settings, make_engine
from tests.databases.servers import PATIENCE
from tests.servers.certificate import Authority, certified
from tests.servers.loopback import free_port
from tests.servers.process import wait_until
from tests.servers.redis import Redis, redis, with_tls

PASSWORD = "redis-s3cret"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    options = ("--maxmemory", "64mb", "--slowlog-log-slower-than", "0", "--maxclients", "100")
    with redis(tmp_path_factory.mktemp("redis"), *options, password=PASSWORD) as running:
        running.send("SET small 1", "SETRANGE session:0123456789 2000000 x")
        running.send("ACL SETUSER watcher on >watch-s3cret +ping")
        yield running


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", PASSWORD)
    monkeypatch.setenv("WATCHER_PASSWORD", "watch-s3cret")


async def report_of(server: Redis, limits: Any = None, **settings: Any) -> Report:
    where = {"address": f"127.0.0.1:{server.port}", "password": "env:REDIS_PASSWORD", **settings}
    wanted = Limits.model_validate(limits or {})
    return await make_engine("redis", where).report(wanted, {}, PATIENCE, NOW)


class TestRedis(EngineContract):
    kind: ClassVar[str] = "redis"
    unreachable: ClassVar[Settings] = {"address": "127.0.0.1:1"}

    @pytest.fixture
    def settings(self, server: Redis) -> Settings:
        return {"address": f"127.0.0.1:{server.port}", "password": "env:REDIS_PASSWORD"}


async def test_memory_is_a_share_of_what_it_may_take(server: Redis) -> None:
    figures = (await report_of(server, {"memory_percent": "1 %"})).figures
    percent = figures["memory_percent"]
    assert percent.value == pytest.approx(
        float(figures["memory_bytes"].value or 0) * 100 / (64 * 1024 * 1024)
    )
    assert percent.level is Level.OVER


async def test_without_a_limit_of_memory_its_share_is_unknown(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with redis(tmp_path_factory.mktemp("redis")) as unlimited:
        report = await report_of(unlimited, address=f"127.0.0.1:{unlimited.port}", password=None)
    assert report.figures["memory_percent"].level is Level.UNKNOWN


async def test_the_largest_key_is_found_and_its_name_is_not_given_away(server: Redis) -> None:
    report = await report_of(server)
    assert report.figures["largest_key_bytes"].level is Level.OVER
    assert report.listings["largest_keys"].rows[0][0] == "session:0123…"
    assert report.figures["sampled_keys"].value == 2


async def test_of_many_keys_some_are_looked_at(tmp_path_factory: pytest.TempPathFactory) -> None:
    with redis(tmp_path_factory.mktemp("redis")) as many:
        many.send(*(f"SET key{number} 1" for number in range(3000)))
        report = await report_of(many, password=None)
    sampled = report.figures["sampled_keys"].value
    assert isinstance(sampled, int)
    assert 500 < sampled <= 1000
    assert report.listings["largest_keys"].why == f"{sampled} of 3000 looked at"


async def test_slow_commands_are_counted_without_their_words(server: Redis) -> None:
    server.send("SET token very-s3cret")
    report = await report_of(server, {"slow_query": "1us", "slow_queries": 0})
    assert report.figures["slow_commands"].level is Level.OVER
    assert "very-s3cret" not in str(report.listings["slow_log"])
    assert "SET" in [row[2] for row in report.listings["slow_log"].rows]


async def test_a_save_that_failed_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("redis")
    with redis(home, "--dbfilename", "dump.rdb") as failing:
        failing.send("SET a 1")
        (home / "dump.rdb").mkdir()
        failing.send("BGSAVE")
        wait_until(lambda: "rdb_last_bgsave_status:err" in failing.send("INFO"))
        report = await report_of(failing, password=None)
    assert report.figures["failed_saves"].level is Level.OVER


async def test_what_a_user_may_not_ask_is_unknown(server: Redis) -> None:
    report = await report_of(server, username="watcher", password="env:WATCHER_PASSWORD")
    assert {each.level for each in report.figures.values()} == {Level.UNKNOWN}
    assert "grant the command" in report.figures["slow_commands"].why


@pytest.mark.parametrize("password", [None, "env:WATCHER_PASSWORD"])
async def test_a_refused_login_is_told_without_the_password(
    server: Redis, password: str | None
) -> None:
    if password is None:
        report = await report_of(server, password=None)
        assert "NOAUTH" in report.figures["memory_bytes"].why
        return
    with pytest.raises(DatabaseError, match="WRONGPASS") as error:
        await report_of(server, password=password)
    assert "s3cret" not in str(error.value)


async def test_a_server_behind_tls_is_looked_at(tmp_path: Path) -> None:
    ca, file = certified(tmp_path)
    with redis(tmp_path, *with_tls(port := free_port(), file, ca)) as behind:
        where = {"address": f"127.0.0.1:{port}", "password": None}
        report = await report_of(behind, tls={"ca": str(ca)}, **where)
        assert report.figures["clients"].value == 1
        with pytest.raises(DatabaseError, match="certificate not trusted"):
            await report_of(behind, tls={}, **where)
        with pytest.raises(DatabaseError, match="TLS on this port"):
            await report_of(behind, **where)


async def test_an_expired_certificate_is_told(tmp_path: Path) -> None:
    authority, ca = Authority(), tmp_path / "ca.pem"
    ca.write_bytes(authority.pem)
    file = authority.issue(tmp_path / "server.pem", "127.0.0.1", days=-1)
    with redis(tmp_path, *with_tls(port := free_port(), file, ca)) as behind:
        where = {"address": f"127.0.0.1:{port}", "password": None, "tls": {"ca": str(ca)}}
        with pytest.raises(DatabaseError, match="certificate has expired"):
            await report_of(behind, **where)


async def test_a_server_without_tls_is_told(server: Redis) -> None:
    with pytest.raises(DatabaseError, match="TLS on this port"):
        await report_of(server, tls={})


@pytest.mark.parametrize("wrong", ["host", "host:0", ":6379", "host:port"])
def test_an_address_names_host_and_port(wrong: str) -> None:
    with pytest.raises(ValidationError, match="write host:port"):
        make_engine("redis", {"address": wrong})
