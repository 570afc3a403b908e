"""`expire-certificate`: a certificate that has little time left, in the place of a good one."""

import asyncio
import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from pydantic import Field

from opsbook.book.fields import BookPath, Duration
from opsbook.drills.fault import Fault, FaultError, Place, Prepared

_CLOCKS_DIFFER = timedelta(minutes=5)
_OF_THE_ISSUER = (x509.AuthorityKeyIdentifier, x509.PrecertificateSignedCertificateTimestamps)
"""Extensions in which somebody else vouches for it (RFC 5280, 4.2.1.1; RFC 6962, 3.3)."""


class ExpireCertificate(Fault):
    """A certificate is replaced by one of the same name and key that ends soon.

    It is signed with its own key: who trusts only the issuer refuses it.
    """

    file: BookPath
    """The certificate, PEM. Its bytes, mode, owner and times are put back."""
    key: BookPath
    """Its private key, PEM without a password; read, never written."""
    left: Duration = Field(default=259_200.0, gt=0)
    """How long the replacement is valid."""

    @property
    def subject(self) -> str:
        return f"let {self.file} expire"

    async def prepare(self, place: Place) -> Prepared:
        return await asyncio.to_thread(_prepare, self, place.directory)

    @classmethod
    async def begin(cls, prepared: Prepared) -> None:
        await asyncio.to_thread(_put, prepared, "replacement")

    @classmethod
    async def end(cls, prepared: Prepared) -> None:
        await asyncio.to_thread(_put_back, prepared)


def _prepare(fault: ExpireCertificate, directory: Path) -> Prepared:
    try:
        # Behind a link, as certbot keeps them, the file itself is what changes.
        file = fault.file.resolve(strict=True)
        status, original = file.stat(), file.read_bytes()
        replacement = _look_alike(original, fault.key.read_bytes(), fault.left)
    except OSError as error:
        raise FaultError(f"{error.filename}: {error.strerror}; nothing was replaced") from None
    except (ValueError, TypeError) as error:
        raise FaultError(f"{fault.file} and {fault.key}: {error}") from None
    prepared: dict[str, Any] = {
        "file": str(file),
        "mode": status.st_mode & 0o7777,
        "owner": [status.st_uid, status.st_gid],
        "times": [status.st_atime_ns, status.st_mtime_ns],
    }
    for name, content in (("original", original), ("replacement", replacement)):
        _write(directory / name, content, 0o600)
        prepared[name] = {"file": str(directory / name), "sha256": _digest(content)}
    return prepared


def _look_alike(pem: bytes, key_pem: bytes, left: float) -> bytes:
    certificate = x509.load_pem_x509_certificate(pem)
    key = load_pem_private_key(key_pem, None)
    if not isinstance(
        key,
        ec.EllipticCurvePrivateKey
        | rsa.RSAPrivateKey
        | ed25519.Ed25519PrivateKey
        | ed448.Ed448PrivateKey,
    ):
        raise ValueError("the key is of a kind that signs no certificates here")
    if key.public_key() != certificate.public_key():
        raise ValueError("the key is not that of the certificate; nothing was replaced")
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(seconds=left))
    )
    for extension in certificate.extensions:
        if not isinstance(extension.value, _OF_THE_ISSUER):
            builder = builder.add_extension(extension.value, extension.critical)
    hashed = isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    signed = builder.sign(key, hashes.SHA256() if hashed else None)
    return signed.public_bytes(Encoding.PEM)


def _put(prepared: Prepared, which: str) -> None:
    """All or nothing, with the mode and owner of the original."""
    file = Path(prepared["file"])
    try:
        content = Path(prepared[which]["file"]).read_bytes()
        fresh = _fresh(file)
        fresh.unlink(missing_ok=True)
        _write(fresh, content, prepared["mode"], prepared["owner"])
        if which == "original":
            os.utime(fresh, ns=tuple(prepared["times"]))
        fresh.replace(file)
    except OSError as error:
        raise FaultError(f"cannot write {file}: {error.strerror}") from None


def _put_back(prepared: Prepared) -> None:
    """Only where what we put there still lies there: who renewed it meanwhile was right."""
    file = Path(prepared["file"])
    try:
        _fresh(file).unlink(missing_ok=True)
        found = _digest(file.read_bytes()) if file.exists() else None
    except OSError as error:
        raise FaultError(f"cannot read {file}: {error.strerror}") from None
    if found in (None, prepared["replacement"]["sha256"]):
        _put(prepared, "original")


def _fresh(file: Path) -> Path:
    return file.with_name(f".{file.name}.opsbook-drill")


def _write(file: Path, content: bytes, mode: int, owner: list[int] | None = None) -> None:
    """On the disk when it returns."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        if owner is not None:
            os.fchown(stream.fileno(), *owner)
        os.fchmod(stream.fileno(), mode)
        stream.flush()
        os.fsync(stream.fileno())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
