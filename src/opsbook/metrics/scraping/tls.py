"""`tls_config` of Prometheus → contexts for connections."""

import ssl
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import model_validator

from opsbook.book.fields import revealed
from opsbook.book.model import Section
from opsbook.metrics.scraping.notation import File, Flag, Text
from opsbook.metrics.scraping.secret import HeldSecret, at_most_one
from opsbook.probes.explain import explain
from opsbook.probes.probe import ProbeUnknownError

_Version = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


class TlsConfig(Section):
    """Whom to trust, and as whom to appear."""

    ca: Text = ""
    """PEM: the only CAs to trust, instead of the system's."""
    ca_file: File = None
    """PEM file with the CAs to trust, instead of the system's."""
    cert: Text = ""
    """PEM: the client's certificate chain."""
    cert_file: File = None
    """PEM file with the certificate to appear with."""
    key: HeldSecret = None
    """PEM: the key of the client's certificate."""
    key_file: File = None
    """PEM file with its key."""
    server_name: Text = ""
    """The name the server must prove, where it differs from the address."""
    insecure_skip_verify: Flag = False
    """Whether to trust whoever answers."""
    min_version: _Version | None = None
    """The oldest version of TLS to speak."""
    max_version: _Version | None = None
    """The newest."""

    @model_validator(mode="after")
    def _consistent(self) -> "TlsConfig":
        for name in ("ca", "cert", "key"):
            at_most_one(self, name, f"{name}_file")
        if bool(self.cert or self.cert_file) != bool(self.key or self.key_file):
            raise ValueError("a client's certificate and its key belong together: give both")
        if self.min_version and self.max_version and self.min_version > self.max_version:
            raise ValueError("min_version is above max_version")
        return self

    def options(self, subject: str, host: str) -> dict[str, Any]:
        """What to give to asyncio's functions for a connection to `host`.

        Raises ProbeUnknownError, which names the subject, if a file is unusable.
        """
        files = [file for file in (self.ca_file, self.cert_file, self.key_file) if file]
        try:
            context = _context(self, tuple(file.stat().st_mtime_ns for file in files))
        except (OSError, ValueError) as error:
            culprit = getattr(error, "filename", None) or " or ".join(map(str, files))
            what = explain(error) if isinstance(error, OSError) else str(error)
            text = f"{subject}: cannot use {culprit or 'tls_config'}: {what}"
            raise ProbeUnknownError(text) from None
        return {"ssl": context, "server_hostname": self.server_name or host}


@lru_cache(maxsize=256)
def _context(config: TlsConfig, stamps: tuple[int, ...]) -> ssl.SSLContext:
    """Loading roots takes 20 ms: once per set of files, again when one of them changes."""
    del stamps
    context = ssl.create_default_context(cafile=config.ca_file, cadata=config.ca or None)
    if config.min_version:
        context.minimum_version = _VERSIONS[config.min_version]
    if config.max_version:
        context.maximum_version = _VERSIONS[config.max_version]
    _appear(config, context)
    if config.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _appear(config: TlsConfig, context: ssl.SSLContext) -> None:
    """Load the client's certificate; OpenSSL reads it from files alone."""
    with tempfile.TemporaryDirectory() as directory:
        certificate, key = config.cert_file, config.key_file
        if config.cert:
            certificate = Path(directory, "cert")
            certificate.write_text(config.cert)
        if config.key:
            key = Path(directory, "key")
            key.touch(0o600)
            key.write_text(revealed(config.key))
        if certificate:
            context.load_cert_chain(certificate, key)
