"""The `tls` kind against real TLS servers and files, with certificates made here."""

import os
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import HangingContract, ProbeContract, Settings
from tests.probes.kinds.servers import (
    Handler,
    closing,
    endless,
    free_port,
    garbage,
    serving,
    silent,
)


class Authority:
    """A CA that issues certificates, and CAs below it; `days` may be negative: expired."""

    def __init__(self, name: str = "root", days: float = 365, above: "Authority | None" = None):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self._certificate = (above or self)._sign(self._name, self._key, days, constraints, ())
        chained = above is not None
        self.chain: bytes = _pem(self._certificate) + above.chain if chained and above else b""
        """What a server has to send after its own certificate: all but the root."""
        self.pem = _pem(self._certificate)

    def issue(
        self, file: Path, *names: str, days: float = 365, begins: float = -400, key: bool = True
    ) -> Path:
        """Writes a server's key, certificate and chain into one PEM file."""
        own = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        constraints = x509.BasicConstraints(ca=False, path_length=None)
        certificate = self._sign(subject, own, days, constraints, names, begins)
        secret = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes((secret if key else b"") + _pem(certificate) + self.chain)
        return file

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        days: float,
        constraints: x509.BasicConstraints,
        names: tuple[str, ...],
        begins: float = -400,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=begins))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(constraints, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(above, critical=False)
            .add_extension(_usage(constraints.ca), critical=True)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]), False
            )
        return builder.sign(self._key, SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def server_context(file: Path, *alpn: str) -> ssl.SSLContext:
    """A TLS server's side with the key and the chain of one file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


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


class TestTls(ProbeContract, HangingContract):
    kind: ClassVar[str] = "tls"

    @pytest.fixture
    async def healthy(
        self, tmp_path: Path, authority: Authority, address: Any
    ) -> AsyncIterator[Settings]:
        file = authority.issue(tmp_path / "server.pem", "127.0.0.1", "db.example")
        async with serving(silent, ssl=server_context(file)) as port:
            yield address(port)

    @pytest.fixture
    async def broken(self) -> Settings:
        return {"host": "127.0.0.1", "port": free_port()}

    @pytest.fixture
    async def silent(self) -> AsyncIterator[Settings]:
        async with serving(silent) as port:
            yield {"host": "127.0.0.1", "port": port}

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

    @pytest.mark.parametrize("handler", [closing, garbage, endless])
    async def test_what_is_not_tls_is_down(self, handler: Handler) -> None:
        async with serving(handler) as port:
            outcome = await look("tls", {"host": "127.0.0.1", "port": port})
        assert outcome.state is State.DOWN
        assert f"127.0.0.1:{port}" in outcome.message

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
