"""The platform's own CA and the certificates of its services: EC P-256, PEM."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from opsbook.platforms.helixflow.files import replace

CERTIFIED = ("api-gateway", "auth-service", "inference-pool", "monitoring")
"""The services that have a certificate; the gateway serves with its own."""

_VALID = timedelta(days=90)
_CA_VALID = timedelta(days=3650)
_SHORT = timedelta(days=60)
_CLOCKS_DIFFER = timedelta(minutes=5)


def ensure_certificates(directory: Path) -> None:
    """Make what is missing or expired; what the present CA signed and is valid stays."""
    for name, valid in (("ca", _CA_VALID), *((name, _VALID) for name in CERTIFIED)):
        if not _usable(directory, name):
            issue_certificate(directory, name, valid)


def renew_certificate(directory: Path, name: str) -> None:
    """Replace a certificate that ends within two months, or has ended."""
    if _read(directory, name).not_valid_after_utc < datetime.now(UTC) + _SHORT:
        issue_certificate(directory, name, _VALID)


def issue_certificate(directory: Path, name: str, left: timedelta) -> None:
    """Sign a certificate that ends after `left`, or ended so long ago if that is negative.

    An existing key is kept, so that a server may load the new file at any moment.
    """
    key, ca_key = _key(directory, name), _key(directory, "ca")
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .issuer_name(_subject("ca"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, now + left) - _CLOCKS_DIFFER)
        .not_valid_after(now + left)
    )
    for extension, critical in _extensions(name, key, ca_key):
        builder = builder.add_extension(extension, critical)
    pem = builder.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM)
    replace(directory / f"{name}.crt", pem, mode=0o644)


def _subject(name: str) -> x509.Name:
    common_name = "HelixFlow CA" if name == "ca" else name
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _extensions(
    name: str, key: ec.EllipticCurvePrivateKey, ca_key: ec.EllipticCurvePrivateKey
) -> list[tuple[x509.ExtensionType, bool]]:
    """What RFC 5280, 4.2.1 asks of a CA and of a server; each with whether it is critical."""
    ca = name == "ca"
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=ca, path_length=0 if ca else None), True),
        (_key_usage(ca), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False),
    ]
    if not ca:
        address = x509.IPAddress(IPv4Address("127.0.0.1"))
        names = [x509.DNSName(name), x509.DNSName("localhost"), address]
        extensions += [
            (x509.SubjectAlternativeName(names), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        ]
    return extensions


def _key_usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _usable(directory: Path, name: str) -> bool:
    """Whether the certificate is there with its key, has time left, and is of this CA."""
    try:
        certificate = _read(directory, name)
        certificate.verify_directly_issued_by(_read(directory, "ca"))
        own = certificate.public_key() == _key(directory, name).public_key()
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    return own and certificate.not_valid_after_utc > datetime.now(UTC)


def _read(directory: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / f"{name}.crt").read_bytes())


def _key(directory: Path, name: str) -> ec.EllipticCurvePrivateKey:
    """The key of this name, made if there is none. Raises ValueError for another kind."""
    file = directory / f"{name}.key"
    if file.exists():
        key = load_pem_private_key(file.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{file} holds no EC key; remove it to have one made")
        return key
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    replace(file, pem, mode=0o600)
    return key
