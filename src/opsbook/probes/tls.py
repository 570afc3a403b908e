"""How a probe speaks TLS: verified against the system's roots or against a pinned CA."""

import ssl
from functools import lru_cache
from pathlib import Path

from opsbook.book.fields import BookPath
from opsbook.book.model import Section
from opsbook.probes.probe import ProbeUnknownError


class Trust(Section):
    """Whom to trust, and as whom to appear."""

    ca: BookPath | None = None
    """PEM file with the only CAs to trust, instead of the system's."""
    certificate: BookPath | None = None
    """Client certificate chain, PEM."""
    key: BookPath | None = None
    """Key of the client certificate, PEM."""
    server_name: str | None = None
    """The name the server must prove, where it differs from the address."""
    verify: bool = True
    """Set to false only for a probe that must look at a broken certificate."""

    def context(self) -> ssl.SSLContext:
        """The context for a connection. Raises ProbeUnknownError if a file is unusable."""
        try:
            stamps = tuple(
                (file, file.stat().st_mtime_ns) if file else None
                for file in (self.ca, self.certificate, self.key)
            )
            return _context(self, stamps)
        except (OSError, ssl.SSLError) as error:
            files = [str(file) for file in (self.ca, self.certificate, self.key) if file]
            raise ProbeUnknownError(f"cannot use {' or '.join(files)}: {error}") from None


@lru_cache(maxsize=256)
def _context(trust: Trust, stamps: tuple[tuple[Path, int] | None, ...]) -> ssl.SSLContext:
    """Loading roots takes 20 ms: once per set of files, again when one of them changes."""
    del stamps
    context = ssl.create_default_context(cafile=str(trust.ca) if trust.ca else None)
    if trust.certificate:
        context.load_cert_chain(trust.certificate, trust.key)
    if not trust.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def tls_failure(error: ssl.SSLError) -> str:
    """What went wrong in a handshake, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {error.verify_message}"
    reason = (error.reason or str(error)).replace("_", " ").lower()
    return f"TLS failed: {reason}"
