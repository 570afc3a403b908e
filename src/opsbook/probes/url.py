"""URLs that a probe can ask."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def http_url(text: str) -> str:
    """The text itself. Raises ValueError with what to write if it is no such URL."""
    return _url(text, "http", "an http or https URL")


def _websocket_url(text: str) -> str:
    if urlsplit(_url(text, "ws", "a ws or wss URL")).fragment:
        raise ValueError("the URL of a WebSocket has no fragment: leave out # and what follows")
    return text


def _url(text: str, scheme: str, what: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in (scheme, f"{scheme}s") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    # What is not ASCII, or blank, would be sent as it stands (RFC 3986, 2).
    if not usable or not text.isascii() or any(char <= " " for char in text):
        raise ValueError(f"not {what}: write {scheme}://host:port/path")
    if "@" in parts.netloc:
        raise ValueError("a URL must not hold a password: give it in a setting beside the URL")
    return text


HttpUrl = Annotated[str, AfterValidator(http_url)]
"""http:// or https://, without a password."""

WebSocketUrl = Annotated[str, AfterValidator(_websocket_url)]
"""ws:// or wss:// (RFC 6455, 3), without a password."""
