import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsbook.backups.rdb.address import Address
from opsbook.backups.rdb.client import client
from opsbook.backups.source import SourceError
from tests.backups.sources.contract import Settings, SourceContract, ThrowawayContract
from tests.backups.sources.work import Taken, make_source, make_work, take
from tests.servers.certificate import Certificate, certified
from tests.servers.loopback import free_port
from tests.servers.redis import Redis, redis, with_tls

_PASSWORD = "redis-s3cret-pass"
_KEYS = 3000


@pytest.fixture(scope="module", params=["no", "yes"], ids=["from disk", "diskless"])
def server(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Redis]:
    options = ["--repl-diskless-sync", request.param, "--repl-diskless-sync-delay", "0"]
    with redis(tmp_path_factory.mktemp("redis"), *options, password=_PASSWORD) as running:
        fill(running)
        yield running


def fill(server: Redis) -> None:
    with client(Address(server.host, server.port, password=_PASSWORD)) as filling:
        filling.ask_all([("SET", f"key:{number}", "x" * 1000) for number in range(_KEYS)])
    with client(Address(server.host, server.port, password=_PASSWORD), db=3) as filling:
        filling.ask("HSET", b"\xff\n", "field", "value")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with redis(tmp_path_factory.mktemp("empty")) as running:
        yield running


@pytest.fixture
def places() -> Iterator[Path]:
    """Short, for the name of a Unix socket has 108 bytes at most."""
    path = Path(tempfile.mkdtemp(prefix="opsbook-places-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


class RedisContract(SourceContract, ThrowawayContract):
    kind = "redis"
    secret = _PASSWORD

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Settings:
        (tmp_path / "password").write_text(_PASSWORD)
        password = f"file:{tmp_path / 'password'}"
        return {"host": "127.0.0.1", "port": free_port(), "password": password}

    @pytest.fixture
    def fresh(self, empty: Redis) -> str:
        empty.send("FLUSHALL")
        return f"redis://{empty.host}:{empty.port}"

    @pytest.fixture
    def filled(self, fresh: str, empty: Redis) -> str:
        empty.send("SET some thing")
        return fresh

    def remains(self, settings: Settings) -> list[str]:
        return [path.name for path in Path(settings["rehearse_in"]).iterdir()]

    def test_keys_are_counted_by_database(self, taken: Taken) -> None:
        assert taken.facts.counts["db0"] == _KEYS


class TestRedis(RedisContract):
    """As a replica gets it."""

    @pytest.fixture
    def healthy(self, server: Redis, places: Path, tmp_path: Path) -> Settings:
        (tmp_path / "password").write_text(_PASSWORD)
        password = f"file:{tmp_path / 'password'}"
        return {
            "host": server.host,
            "port": server.port,
            "password": password,
            "rehearse_in": str(places),
        }

    def test_every_flipped_bit_is_found(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        content = taken.content["dump.rdb"]
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        for offset in range(0, len(content), len(content) // 20):
            flipped = bytearray(content)
            flipped[offset] ^= 0x10
            files = Taken(taken.facts, {"dump.rdb": bytes(flipped)}).files
            with pytest.raises(SourceError):
                source.readable("dump.rdb", files["dump.rdb"](), work)

    def test_keys_come_back_with_their_values(
        self, healthy: Settings, taken: Taken, tmp_path: Path, fresh: str, empty: Redis
    ) -> None:
        source = make_source(self.kind, healthy)
        source.restore(taken.files, taken.facts, fresh, make_work(tmp_path / "scratch"))
        with client(Address(empty.host, empty.port)) as restored:
            assert restored.ask("GET", "key:7") == b"x" * 1000
            assert restored.ask("DBSIZE") == _KEYS
        with client(Address(empty.host, empty.port), db=3) as restored:
            assert restored.ask("HGET", b"\xff\n", "field") == b"value"

    def test_a_key_whose_time_passed_since_is_still_counted(
        self, healthy: Settings, server: Redis, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        with client(Address(server.host, server.port, password=_PASSWORD), db=4) as passing:
            passing.ask("SET", "short", "lived", "PX", 2500)
            taken = take(source, work)
            passing.ask("DEL", "short")
        time.sleep(2.6)
        assert taken.facts.counts["db4"] == 1
        with source.rehearse(taken.files, taken.facts, work) as restored:
            assert restored.counts == taken.facts.counts

    def test_a_rehearsal_answers_commands_and_changes_nothing(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        with source.rehearse(taken.files, taken.facts, work) as restored:
            assert restored.ask is not None
            assert restored.ask("STRLEN key:1") == [(1000,)]
            with pytest.raises(SourceError, match="READONLY"):
                restored.ask("DEL key:1")

    def test_a_wrong_password_is_told_and_not_repeated(
        self, healthy: Settings, tmp_path: Path
    ) -> None:
        (tmp_path / "password").write_text("wrong-password")
        source = make_source(self.kind, healthy)
        with pytest.raises(SourceError, match="WRONGPASS") as raised:
            take(source, make_work(tmp_path / "scratch"))
        assert "wrong-password" not in str(raised.value)

    def test_it_restores_into_a_file_that_a_server_starts_with(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        place = tmp_path / "data"
        place.mkdir()
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        source.restore(taken.files, taken.facts, str(place / "dump.rdb"), work)
        with redis(place) as running:
            assert f":{_KEYS}" in running.send("DBSIZE")


@pytest.fixture(scope="module")
def saves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with redis(tmp_path_factory.mktemp("saves"), password=_PASSWORD) as running:
        fill(running)
        yield running


class TestRedisThatSaves(RedisContract):
    """By the file that the server writes."""

    @pytest.fixture
    def healthy(self, saves: Redis, places: Path, tmp_path: Path) -> Settings:
        return {**saving(saves, tmp_path), "rehearse_in": str(places)}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certified(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def behind_tls(
    tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
) -> Iterator[tuple[Redis, int]]:
    """A server, and the port on which it speaks TLS."""
    port, home = free_port(), tmp_path_factory.mktemp("tls")
    options = with_tls(port, certificate.server, certificate.ca)
    with redis(home, *options, password=_PASSWORD) as running:
        fill(running)
        yield running, port


class TestRedisBehindTls(RedisContract):
    """As a replica gets it, and back into a server that speaks TLS."""

    @pytest.fixture
    def healthy(
        self,
        behind_tls: tuple[Redis, int],
        certificate: Certificate,
        places: Path,
        tmp_path: Path,
    ) -> Settings:
        (tmp_path / "password").write_text(_PASSWORD)
        password, tls = f"file:{tmp_path / 'password'}", {"ca": str(certificate.ca)}
        settings = {"host": "127.0.0.1", "port": behind_tls[1], "password": password}
        return {**settings, "tls": tls, "rehearse_in": str(places)}

    @pytest.fixture
    def empty_behind_tls(
        self, tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
    ) -> Iterator[tuple[Redis, int]]:
        port, home = free_port(), tmp_path_factory.mktemp("empty-tls")
        with redis(home, *with_tls(port, certificate.server, certificate.ca)) as running:
            yield running, port

    @pytest.fixture
    def fresh(self, empty_behind_tls: tuple[Redis, int]) -> str:
        return f"rediss://127.0.0.1:{empty_behind_tls[1]}"

    @pytest.fixture
    def filled(self, fresh: str, empty_behind_tls: tuple[Redis, int]) -> str:
        empty_behind_tls[0].send("SET some thing")
        return fresh

    def test_keys_come_back_over_tls(
        self,
        healthy: Settings,
        taken: Taken,
        tmp_path: Path,
        fresh: str,
        empty_behind_tls: tuple[Redis, int],
    ) -> None:
        source = make_source(self.kind, healthy)
        source.restore(taken.files, taken.facts, fresh, make_work(tmp_path / "scratch"))
        assert f":{_KEYS}" in empty_behind_tls[0].send("DBSIZE")

    def test_a_server_that_is_not_trusted_is_told(self, healthy: Settings, tmp_path: Path) -> None:
        source = make_source(self.kind, {**healthy, "tls": {}})
        with pytest.raises(SourceError, match="certificate not trusted"):
            take(source, make_work(tmp_path / "scratch"))


@pytest.fixture
def saver(tmp_path: Path) -> Iterator[Redis]:
    (tmp_path / "saver").mkdir()
    with redis(tmp_path / "saver", password=_PASSWORD) as running:
        fill(running)
        yield running


def saving(server: Redis, directory: Path) -> dict[str, Any]:
    (directory / "password").write_text(_PASSWORD)
    password = f"file:{directory / 'password'}"
    return {"host": server.host, "port": server.port, "password": password, "how": "bgsave"}


def test_each_backup_is_of_a_snapshot_of_its_own(saver: Redis, tmp_path: Path) -> None:
    source, work = make_source("redis", saving(saver, tmp_path)), make_work(tmp_path / "scratch")
    first = take(source, work)
    saver.send("SET one more")
    second = take(source, work)
    assert second.facts.counts["db0"] == first.facts.counts["db0"] + 1
    assert b"more" in second.content["dump.rdb"]


def test_a_save_that_fails_is_told(saver: Redis, tmp_path: Path) -> None:
    (saver.directory / "dump.rdb").unlink(missing_ok=True)
    # The server cannot rename its new snapshot over a directory.
    (saver.directory / "dump.rdb" / "in the way").mkdir(parents=True)
    with pytest.raises(SourceError, match="BGSAVE failed"):
        take(make_source("redis", saving(saver, tmp_path)), make_work(tmp_path / "scratch"))


def test_the_file_of_another_server_is_not_taken(saver: Redis, tmp_path: Path) -> None:
    other = tmp_path / "other.rdb"
    other.write_bytes(b"REDIS0011")
    os.utime(other, (0, 0))
    source = make_source("redis", {**saving(saver, tmp_path), "file": str(other)})
    with pytest.raises(SourceError, match="not this server's"):
        take(source, make_work(tmp_path / "scratch"))


def test_a_file_that_is_not_here_says_what_to_do(saver: Redis, tmp_path: Path) -> None:
    source = make_source("redis", {**saving(saver, tmp_path), "file": str(tmp_path / "none")})
    with pytest.raises(SourceError, match="how: replica"):
        take(source, make_work(tmp_path / "scratch"))


def test_a_save_that_does_not_end_is_given_up(saver: Redis, tmp_path: Path) -> None:
    # Each key takes the saving child a tenth of a second.
    saver.send("CONFIG SET rdb-key-save-delay 100000")
    source = make_source("redis", saving(saver, tmp_path))
    started = time.monotonic()
    with pytest.raises(SourceError, match="not done within"):
        take(source, make_work(tmp_path / "scratch", seconds=2.5))
    assert time.monotonic() - started < 6


def test_a_flipped_bit_in_the_file_is_found(saver: Redis, tmp_path: Path) -> None:
    settings = saving(saver, tmp_path)
    take(make_source("redis", settings), make_work(tmp_path / "scratch"))
    content = bytearray((saver.directory / "dump.rdb").read_bytes())
    content[len(content) // 2] ^= 1
    damaged = tmp_path / "damaged.rdb"
    damaged.write_bytes(content)
    os.utime(damaged, (time.time() + 60, time.time() + 60))
    source = make_source("redis", {**settings, "file": str(damaged)})
    with pytest.raises(SourceError, match="damaged: its checksum"):
        take(source, make_work(tmp_path / "scratch"))
