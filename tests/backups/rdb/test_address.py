"""What a Redis server is spoken to with, and what is said where TLS comes to nothing."""

from pathlib import Path

import pytest

from opsbook.backups.rdb.address import Address
from opsbook.backups.rdb.client import client
from opsbook.backups.source import SourceError
from opsbook.probes.tls import Trust
from tests.servers.certificate import Authority, certified
from tests.servers.loopback import free_port
from tests.servers.redis import redis, with_tls


def asked(port: int, trust: Trust | None) -> object:
    with client(Address("127.0.0.1", port, tls=trust)) as found:
        return found.ask("PING")


def test_a_server_whose_ca_is_named_is_trusted(tmp_path: Path) -> None:
    ca, file = certified(tmp_path)
    with redis(tmp_path, *with_tls(port := free_port(), file, ca)):
        assert asked(port, Trust(ca=ca)) == "PONG"
        assert asked(port, Trust(verify=False)) == "PONG"


def test_another_ca_is_told(tmp_path: Path) -> None:
    ca, file = certified(tmp_path)
    other = tmp_path / "other.pem"
    other.write_bytes(Authority("another").pem)
    with (
        redis(tmp_path, *with_tls(port := free_port(), file, ca)),
        pytest.raises(SourceError, match=f"127.0.0.1:{port}: certificate not trusted: self-signed"),
    ):
        asked(port, Trust(ca=other))


def test_an_expired_certificate_is_told(tmp_path: Path) -> None:
    authority, ca = Authority(), tmp_path / "ca.pem"
    ca.write_bytes(authority.pem)
    file = authority.issue(tmp_path / "server.pem", "127.0.0.1", days=-1)
    with (
        redis(tmp_path, *with_tls(port := free_port(), file, ca)),
        pytest.raises(SourceError, match="certificate not trusted: certificate has expired"),
    ):
        asked(port, Trust(ca=ca))


def test_a_certificate_of_another_name_is_told(tmp_path: Path) -> None:
    authority, ca = Authority(), tmp_path / "ca.pem"
    ca.write_bytes(authority.pem)
    file = authority.issue(tmp_path / "server.pem", "redis.example.org")
    with redis(tmp_path, *with_tls(port := free_port(), file, ca)):
        with pytest.raises(SourceError, match="certificate not trusted: IP address mismatch"):
            asked(port, Trust(ca=ca))
        assert asked(port, Trust(ca=ca, server_name="redis.example.org")) == "PONG"


def test_a_server_without_tls_is_told(tmp_path: Path) -> None:
    with (
        redis(tmp_path) as plain,
        pytest.raises(SourceError, match="TLS on this port"),
    ):
        asked(plain.port, Trust())


def test_a_server_with_tls_that_is_spoken_to_without_is_told(tmp_path: Path) -> None:
    ca, file = certified(tmp_path)
    with (
        redis(tmp_path, *with_tls(port := free_port(), file, ca)),
        pytest.raises(SourceError, match="TLS on this port"),
    ):
        asked(port, None)


def test_a_certificate_that_the_server_wants_is_given(tmp_path: Path) -> None:
    authority, ca = Authority(), tmp_path / "ca.pem"
    ca.write_bytes(authority.pem)
    file = authority.issue(tmp_path / "server.pem", "127.0.0.1")
    own = authority.issue(tmp_path / "client.pem", "opsbook")
    with redis(tmp_path, *with_tls(port := free_port(), file, ca, ask_clients=True)):
        with pytest.raises(SourceError, match=r"certificate required|TLS on this port"):
            asked(port, Trust(ca=ca))
        assert asked(port, Trust(ca=ca, certificate=own, key=own)) == "PONG"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with redis(tmp_path) as plain, pytest.raises(SourceError, match=r"cannot use .*none\.pem"):
        asked(plain.port, Trust(ca=tmp_path / "none.pem"))


def test_an_address_says_whether_tls_is_spoken() -> None:
    assert Address.parse("redis://here:1").tls is None
    assert Address.parse("rediss://here:1").tls == Trust()
    trust = Trust(server_name="there")
    assert Address.parse("rediss://here:1", trust).tls == trust
    assert Address.parse("redis://here:1", trust).tls is None


@pytest.mark.parametrize(
    "wrong", ["http://:s3cret@here:1", "redis://:s3cret@", "redis://:s3cret@a:b"]
)
def test_what_is_no_address_is_not_repeated(wrong: str) -> None:
    with pytest.raises(SourceError, match="write redis://host:port, or rediss://") as raised:
        Address.parse(wrong)
    assert "s3cret" not in str(raised.value)
