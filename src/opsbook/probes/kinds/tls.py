"""`tls`: the certificates that an address serves, or that a file holds, last long enough."""

import asyncio
import base64
import hashlib
import os
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import Field, model_validator

from opsbook.book.fields import BookPath
from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError, ProbeUnknownError
from opsbook.probes.tls import Trust

_MOST_BYTES = 1024 * 1024
"""Read of a file: hundreds of certificates."""


class Tls(Probe):
    """Looks at the certificate chain of an address or a file: trust, names and days left."""

    host: str | None = None
    """Host name or address; the certificate must be valid for it."""
    port: int = Field(default=443, ge=1, le=65_535)
    tls: Trust = Trust()
    """Whom to trust."""
    file: BookPath | None = None
    """PEM file with a certificate or a chain, to look at instead of an address."""

    measures: ClassVar[Mapping[str, str]] = {
        "days_left": "days until the first certificate of the chain expires; negative after",
        "first_to_expire": "subject of the certificate that expires first",
        "names": "names and addresses that the first certificate is valid for, comma-joined",
        "issuer": "who issued the first certificate",
        "chain_length": "number of certificates",
        "key_sha256": "SHA-256 of the first certificate's public key, in base64 (RFC 7469)",
        "handshake_seconds": "time of the TLS handshake, without the connection",
        "protocol": "version of TLS",
    }
    expects: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "days_left": {"at_least": {"warning": 30, "critical": 7}}
    }

    @model_validator(mode="after")
    def _one_place(self) -> "Tls":
        if (self.host is None) == (self.file is None):
            raise ValueError("give either `host` or `file`")
        if self.file is not None and self.model_fields_set & {"port", "tls"}:
            raise ValueError("`port` and `tls` belong to `host`, not to `file`")
        return self

    @property
    def subject(self) -> str:
        return str(self.file) if self.file is not None else f"{self.host}:{self.port}"

    async def look(self) -> Measurements:
        if self.file is not None:
            return self._measured(self._read(self.file))
        try:
            return await self._handshake(self.tls)
        except ssl.SSLError as error:
            measured = await self._unverified(error)
            raise ProbeFailedError(f"{self.subject}: {explain(error)}", measured) from None

    async def _unverified(self, error: ssl.SSLError) -> Measurements:
        """The measurements of a chain that is not trusted: why, is often found in them."""
        if not isinstance(error, ssl.SSLCertVerificationError):
            return {}
        try:
            return await self._handshake(self.tls.model_copy(update={"verify": False}))
        except ProbeFailedError as failure:
            return failure.measurements
        except ssl.SSLError:
            return {}

    async def _handshake(self, trust: Trust) -> Measurements:
        """Raises ssl.SSLError if it fails, ProbeFailedError if there is no connection."""
        context, host = trust.context(self.subject), self.host or ""
        loop = asyncio.get_running_loop()
        transport: asyncio.Transport | None = None
        try:
            transport, protocol = await loop.create_connection(asyncio.Protocol, host, self.port)
            started = time.perf_counter()
            name = trust.server_name or host
            secured = await loop.start_tls(transport, protocol, context, server_hostname=name)
            if secured is None:
                raise ConnectionResetError("the connection closed during the handshake")
            transport = secured
            taken = time.perf_counter() - started
            session = transport.get_extra_info("ssl_object")
            return self._measured(_served(session)) | {
                "handshake_seconds": taken,
                "protocol": session.version(),
            }
        except ssl.SSLError:
            raise
        except OSError as error:
            raise ProbeFailedError(f"{self.subject}: {explain(error)}") from None
        finally:
            if transport is not None:
                transport.abort()

    def _read(self, file: Path) -> list[bytes]:
        try:
            # Opening a pipe must not wait for its writer.
            descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
            try:
                content = os.read(descriptor, _MOST_BYTES)
            finally:
                os.close(descriptor)
        except (FileNotFoundError, NotADirectoryError):
            raise ProbeFailedError(f"{file} is MISSING: there is no such file") from None
        except OSError as error:
            raise ProbeUnknownError(f"cannot read {file}: {explain(error)}") from None
        try:
            found = x509.load_pem_x509_certificates(content)
        except ValueError:
            key = b"PRIVATE KEY-----" in content and b"BEGIN CERTIFICATE" not in content
            holds = "a private key and no certificate" if key else "no readable PEM certificate"
            raise ProbeFailedError(f"{file} holds {holds}; name the certificate's file") from None
        return [certificate.public_bytes(Encoding.DER) for certificate in found]

    def _measured(self, chain: list[bytes]) -> Measurements:
        """What a chain of DER certificates, the server's own first, says."""
        try:
            certificates = [x509.load_der_x509_certificate(each) for each in chain]
            measured = _measurements(certificates)
        except ValueError as error:
            why = f"{self.subject}: a certificate cannot be read: {error}"
            raise ProbeFailedError(why) from None
        begins = max(certificate.not_valid_before_utc for certificate in certificates)
        if begins > datetime.now(UTC):
            raise ProbeFailedError(f"{self.subject} is not valid before {begins}", measured)
        return measured


def _served(session: Any) -> list[bytes]:
    """The whole chain as the server sent it, in DER, verified or not."""
    if hasattr(session, "get_unverified_chain"):
        chain: list[bytes] = session.get_unverified_chain()
        return chain
    # Public since Python 3.13; until then the object below it has it.
    served = session._sslobj.get_unverified_chain() or []
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in served]


def _measurements(certificates: list[x509.Certificate]) -> Measurements:
    """Raises ValueError where a certificate is malformed inside, or there is none."""
    if not certificates:
        raise ValueError("there is none")
    own = certificates[0]
    first = min(certificates, key=lambda certificate: certificate.not_valid_after_utc)
    left = first.not_valid_after_utc - datetime.now(UTC)
    key = own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    measured: Measurements = {
        "days_left": left.total_seconds() / 86_400,
        "first_to_expire": first.subject.rfc4514_string(),
        "issuer": own.issuer.rfc4514_string(),
        "chain_length": len(certificates),
        "key_sha256": base64.b64encode(hashlib.sha256(key).digest()).decode(),
    }
    try:
        names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        measured["names"] = ",".join(str(name.value) for name in names)
    except x509.ExtensionNotFound:
        pass
    return measured
