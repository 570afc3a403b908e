"""From where a request comes: which page, and which address."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

_PORTS = {"http": 80, "https": 443}
_PLAIN = {"ws": "http", "wss": "https"}


def scheme_of(connection: HTTPConnection) -> str:
    """`http` or `https`, as the browser sees it."""
    scheme = str(connection.scope.get("scheme", "http"))
    return _PLAIN.get(scheme, scheme)


def sender(connection: HTTPConnection) -> str:
    """The address of who asks; behind a declared proxy, what the proxy says."""
    return connection.client.host if connection.client is not None else "unknown"


def same_origin(connection: HTTPConnection) -> bool:
    """Whether a page of ours sends it: scheme, name and port are those that it is sent to.

    Browsers say where a page is from on each WebSocket and each change; a program that does not
    has to show a token. Source: RFC 6454.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return "authorization" in connection.headers
    host = f"{scheme_of(connection)}://{connection.headers.get('host', '')}"
    return _place(origin) is not None and _place(origin) == _place(host)


def _place(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None:
        return None
    return parts.scheme, parts.hostname, port
