"""The `tls` kind against real TLS servers and files, with certificates made here."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ProbeContract, ServerContract, Settings
from tests.servers.certificate import Authority, server_context
from tests.servers.loopback import (
    serving,
    silent,
)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority()
    (tmp_path / "ca.pem").write_bytes(made.pem)
    return made


@pytest.fixture
def address(tmp_path: Path) -> Any:
    def settings(port: int) -> Settings:
        return {"host": "127.0.0.1", "port": port, "tls": {"ca": str(tmp_path / "ca.pem")}}

    return settings


class TestTls(ServerContract):
    kind: ClassVar[str] = "tls"

    def at(self, port: int) -> Settings:
        return {"host": "127.0.0.1", "port": port}

    @pytest.fixture
    async def healthy(
        self, tmp_path: Path, authority: Authority, address: Any
    ) -> AsyncIterator[Settings]:
        file = authority.issue(tmp_path / "server.pem", "127.0.0.1", "db.example")
        async with serving(silent, ssl=server_context(file)) as port:
            yield address(port)

    async def test_it_measures_the_certificate(self, healthy: Settings) -> None:
        measured = (await look("tls", healthy)).measurements
        assert 364.9 < float(measured["days_left"]) < 365
        assert measured["names"] == "127.0.0.1,db.example"
        assert measured["issuer"] == "CN=root"
        assert measured["first_to_expire"] == "CN=127.0.0.1"
        assert measured["chain_length"] == 1
        assert measured["protocol"] == "TLSv1.3"
        assert 0 < float(measured["handshake_seconds"]) < 2

    @pytest.mark.parametrize(("days", "state"), [(20, State.DEGRADED), (3, State.DOWN)])
    async def test_it_warns_30_days_before_the_end_and_is_down_at_7(
        self, tmp_path: Path, authority: Authority, address: Any, days: float, state: State
    ) -> None:
        file = authority.issue(tmp_path / "server.pem", "127.0.0.1", days=days)
        async with serving(silent, ssl=server_context(file)) as port:
            outcome = await look("tls", address(port))
        assert outcome.state is state
        assert "days_left" in outcome.message

    async def test_an_expired_certificate_says_so_and_how_long_ago(
        self, tmp_path: Path, authority: Authority, address: Any
    ) -> None:
        file = authority.issue(tmp_path / "server.pem", "127.0.0.1", days=-2)
        async with serving(silent, ssl=server_context(file)) as port:
            outcome = await look("tls", address(port))
        assert outcome.state is State.DOWN
        assert "certificate has expired" in outcome.message
        assert -2.1 < float(outcome.measurements["days_left"]) < -2

    async def test_a_certificate_for_another_name_is_down_and_still_measured(
        self, tmp_path: Path, authority: Authority, address: Any
    ) -> None:
        file = authority.issue(tmp_path / "server.pem", "other.example")
        async with serving(silent, ssl=server_context(file)) as port:
            outcome = await look("tls", address(port))
        assert outcome.state is State.DOWN
        assert "127.0.0.1" in outcome.message
        assert outcome.measurements["names"] == "other.example"

    async def test_a_name_to_prove_can_be_given(
        self, tmp_path: Path, authority: Authority, address: Any
    ) -> None:
        file = authority.issue(tmp_path / "server.pem", "other.example")
        async with serving(silent, ssl=server_context(file)) as port:
            settings = address(port)
            trust = {**settings["tls"], "server_name": "other.example"}
            outcome = await look("tls", {**settings, "tls": trust})
        assert outcome.state is State.UP, outcome.message

    async def test_a_certificate_of_a_stranger_is_down_and_still_measured(
        self, healthy: Settings
    ) -> None:
        outcome = await look("tls", {"host": "127.0.0.1", "port": healthy["port"]})
        assert outcome.state is State.DOWN
        assert "not trusted" in outcome.message
        assert float(outcome.measurements["days_left"]) > 300

    async def test_it_can_look_at_a_certificate_that_nobody_trusts(self, healthy: Settings) -> None:
        outcome = await look("tls", {**healthy, "tls": {"verify": False}})
        assert outcome.state is State.UP, outcome.message

    async def test_an_intermediate_that_expires_first_counts(
        self, tmp_path: Path, authority: Authority, address: Any
    ) -> None:
        below = Authority("intermediate", days=10, above=authority)
        file = below.issue(tmp_path / "server.pem", "127.0.0.1", days=300)
        async with serving(silent, ssl=server_context(file)) as port:
            outcome = await look("tls", address(port))
        assert outcome.state is State.DEGRADED
        assert 9.9 < float(outcome.measurements["days_left"]) < 10
        assert outcome.measurements["chain_length"] == 2
        assert outcome.measurements["first_to_expire"] == "CN=intermediate"

    async def test_a_changed_key_can_be_found_out(self, healthy: Settings) -> None:
        pin = str((await look("tls", healthy)).measurements["key_sha256"])
        same = await look("tls", healthy, conditions={"key_sha256": {"equals": pin}})
        other = await look("tls", healthy, conditions={"key_sha256": {"equals": "A" * 44}})
        assert (same.state, other.state) == (State.UP, State.DOWN)

    async def test_a_renewed_ca_file_is_read_again(
        self, tmp_path: Path, authority: Authority, address: Any
    ) -> None:
        file = authority.issue(tmp_path / "server.pem", "127.0.0.1")
        async with serving(silent, ssl=server_context(file)) as port:
            (tmp_path / "ca.pem").write_bytes(Authority("stranger").pem)
            before = await look("tls", address(port))
            (tmp_path / "ca.pem").write_bytes(authority.pem)
            after = await look("tls", address(port))
        assert (before.state, after.state) == (State.DOWN, State.UP)

    async def test_a_missing_ca_file_is_unknown_and_not_the_servers_fault(
        self, healthy: Settings
    ) -> None:
        outcome = await look("tls", {**healthy, "tls": {"ca": "/no/such/ca.pem"}})
        assert outcome.state is State.UNKNOWN

    @pytest.mark.parametrize(
        "wrong", [{}, {"host": "h", "file": "/f"}, {"file": "/f", "tls": {"verify": False}}]
    )
    def test_it_looks_at_an_address_or_at_a_file(self, wrong: Settings) -> None:
        with pytest.raises(ValidationError, match=r"host"):
            make_check("tls", wrong)


class TestTlsFile(ProbeContract):
    kind: ClassVar[str] = "tls"

    @pytest.fixture
    async def healthy(self, tmp_path: Path) -> Settings:
        file = Authority().issue(tmp_path / "server.pem", "db.example", key=False)
        return {"file": str(file)}

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> Settings:
        return {"file": str(tmp_path / "gone.pem")}

    async def test_a_missing_file_is_missing_and_has_no_days_left(self, broken: Settings) -> None:
        outcome = await look("tls", broken)
        assert outcome.state is State.DOWN
        assert "MISSING" in outcome.message
        assert outcome.measurements == {}

    async def test_a_chain_lasts_as_long_as_its_first_to_expire(self, tmp_path: Path) -> None:
        below = Authority("intermediate", days=20, above=Authority())
        file = below.issue(tmp_path / "chain.pem", "db.example")
        outcome = await look("tls", {"file": str(file)})
        assert outcome.state is State.DEGRADED
        assert outcome.measurements["chain_length"] == 2
        assert outcome.measurements["first_to_expire"] == "CN=intermediate"

    async def test_an_expired_certificate_is_down(self, tmp_path: Path) -> None:
        file = Authority().issue(tmp_path / "old.pem", "db.example", days=-3)
        outcome = await look("tls", {"file": str(file)})
        assert outcome.state is State.DOWN
        assert -3.1 < float(outcome.measurements["days_left"]) < -3

    async def test_a_certificate_of_the_future_is_down(self, tmp_path: Path) -> None:
        file = Authority().issue(tmp_path / "early.pem", "db.example", begins=1)
        outcome = await look("tls", {"file": str(file)})
        assert outcome.state is State.DOWN
        assert "not valid before" in outcome.message

    async def test_a_private_key_alone_is_named_as_such(self, tmp_path: Path) -> None:
        file = Authority().issue(tmp_path / "server.pem", "db.example")
        key, _ = file.read_bytes().split(b"-----BEGIN CERTIFICATE")
        file.write_bytes(key)
        outcome = await look("tls", {"file": str(file)})
        assert outcome.state is State.DOWN
        assert "private key and no certificate" in outcome.message

    @pytest.mark.parametrize(
        "content", [b"", b"\x00\xff" * 100, b"-----BEGIN CERTIFICATE-----\nAAAA\n"]
    )
    async def test_what_is_no_certificate_is_down(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "server.pem").write_bytes(content)
        outcome = await look("tls", {"file": str(tmp_path / "server.pem")})
        assert outcome.state is State.DOWN
        assert "no readable PEM certificate" in outcome.message

    async def test_what_cannot_be_read_is_unknown(self, tmp_path: Path) -> None:
        assert (await look("tls", {"file": str(tmp_path)})).state is State.UNKNOWN

    async def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "server.pem")
        outcome = await look("tls", {"file": str(tmp_path / "server.pem")})
        assert "no readable PEM certificate" in outcome.message
