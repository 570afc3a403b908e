"""A connection to a watch: plain on the way to this machine, else with TLS."""

import http.client
import os
import ssl
from urllib.parse import SplitResult

from opsbook.core.errors import BadInputError

CA = "OPSBOOK_CA"
"""Names a PEM file with the authorities to believe, instead of those of the system."""


def connect(parts: SplitResult, timeout: float) -> http.client.HTTPConnection:
    """To the host of a URL; `timeout` in seconds. Raises BadInputError for a file of authorities
    that cannot be used."""
    assert parts.hostname is not None
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    return http.client.HTTPSConnection(
        parts.hostname, parts.port, timeout=timeout, context=_context()
    )


def _context() -> ssl.SSLContext:
    file = os.environ.get(CA) or None
    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInputError(
            f"{CA}={file} cannot be used: {reason}; name a PEM file with certificates"
        ) from None
