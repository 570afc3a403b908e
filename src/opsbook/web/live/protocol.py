"""The end of a WebSocket whose other side does not read.

An ASGI server writes a close frame only behind all that waits, for ever where nobody takes it; so
this one lets the application write it at once, and hangs up soon after.
"""

from typing import Any

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

_CUT = "opsbook.cut"
_FAREWELL = 1.0
"""Seconds in which the other side may still read why."""


class LiveProtocol(WebSocketsSansIOProtocol):
    """Offers `cut` in the scope."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: Any = self.scope["extensions"]
            extensions[_CUT] = self.cut

    def cut(self, code: int, reason: str) -> None:
        """Close without waiting for what was written before."""
        if self.close_sent or self.transport.is_closing():
            self.transport.abort()
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_FAREWELL, self.transport.abort)


def cut(scope: Scope, code: int, reason: str) -> bool:
    """Whether the server could."""
    found: Any = scope.get("extensions", {}).get(_CUT)
    if found is None:
        return False
    found(code, reason)
    return True
