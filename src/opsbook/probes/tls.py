"""How a probe speaks TLS: verified against the system's roots or against a pinned CA."""

import ssl
from functools import lru_cache
from typing import Any

from opsbook.book.fields import BookPath
from opsbook.book.model import Section
from opsbook.probes.explain import explain
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

    def context(self, subject: str, *alpn: str) -> ssl.SSLContext:
        """The context for a connection that offers the protocols `alpn` (RFC 7301).

        Raises ProbeUnknownError, which names the subject, if a file is unusable.
        """
        files = [file for file in (self.ca, self.certificate, self.key) if file]
        try:
            return _context(self, alpn, tuple(file.stat().st_mtime_ns for file in files))
        except OSError as error:
            culprit = error.filename or " or ".join(map(str, files))
            raise ProbeUnknownError(f"{subject}: cannot use {culprit}: {explain(error)}") from None

    def options(self, subject: str, host: str, *alpn: str) -> dict[str, Any]:
        """What to give to asyncio's functions for a connection to `host`; raises as `context`."""
        return {
            "ssl": self.context(subject, *alpn),
            "server_hostname": self.server_name or host,
        }


@lru_cache(maxsize=256)
def _context(trust: Trust, alpn: tuple[str, ...], stamps: tuple[int, ...]) -> ssl.SSLContext:
    """Loading roots takes 20 ms: once per set of files, again when one of them changes."""
    del stamps
    context = ssl.create_default_context(cafile=str(trust.ca) if trust.ca else None)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if trust.certificate:
        context.load_cert_chain(trust.certificate, trust.key)
    if not trust.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
