"""Why a connection, a file or a call to the system failed, in words for people."""

import ssl
from collections.abc import Iterator

_CLOSED = "the connection closed before the answer was complete"


def explain(error: BaseException) -> str:
    """The words of an error, or the system's own where it was caused by the system.

    Libraries wrap what happened: "All connection attempts failed" helps nobody.
    """
    for each in _chain(error):
        if isinstance(each, ssl.SSLError):
            return _tls_failure(each)
        if isinstance(each, OSError) and each.strerror:
            return each.strerror
    if isinstance(error, EOFError):
        return _CLOSED
    return str(error) or (_CLOSED if isinstance(error, ConnectionError) else type(error).__name__)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what caused it, what caused that, also where a library hides it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _tls_failure(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {error.verify_message}"
    reason = (error.reason or str(error)).replace("_", " ").lower()
    return f"TLS failed: {reason}"
