"""Certificates for servers of tests, good and bad, each made in a few milliseconds."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """A CA that issues certificates, and CAs below it; `days` may be negative: expired."""

    def __init__(self, name: str = "root", days: float = 365, above: "Authority | None" = None):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name(name)
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self._certificate = (above or self)._sign(self._name, self._key, days, constraints, ())
        self.pem = self._certificate.public_bytes(Encoding.PEM)
        self.chain: bytes = self.pem + above.chain if above else b""
        """What a server has to send after its own certificate: all but the root."""

    def issue(
        self, file: Path, *names: str, days: float = 365, begins: float = -400, key: bool = True
    ) -> Path:
        """Writes a server's key, certificate and chain into one PEM file."""
        own = ec.generate_private_key(ec.SECP256R1())
        constraints = x509.BasicConstraints(ca=False, path_length=None)
        certificate = self._sign(_common_name(names[0]), own, days, constraints, names, begins)
        secret = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        shown = certificate.public_bytes(Encoding.PEM) + self.chain
        file.write_bytes((secret if key else b"") + shown)
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


class Certificate(NamedTuple):
    """Two PEM files; trusting `ca` is trusting the server, which has `server`."""

    ca: Path
    server: Path
    """Key and certificate."""


def certified(directory: Path) -> Certificate:
    """A certificate for 127.0.0.1 of a CA of its own."""
    authority = Authority()
    made = Certificate(directory / "ca.pem", directory / "server.pem")
    made.ca.write_bytes(authority.pem)
    authority.issue(made.server, "127.0.0.1")
    return made


def server_context(file: Path, *alpn: str) -> ssl.SSLContext:
    """A TLS server's side with the key and the chain of one file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


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
