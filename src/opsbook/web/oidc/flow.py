"""What has to be remembered between a browser's way to the provider and its way back."""

import hmac
import secrets
from dataclasses import dataclass

from opsbook.core.clock import Clock

LASTS = 600.0
"""Seconds for somebody to show the provider who they are."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One way there and back. The browser keeps `state` in a cookie; from it alone come the
    others, by a key of this process: whoever begins a million of them costs no memory."""

    state: str
    nonce: str
    verifier: str
    """Of PKCE. Source: RFC 7636."""


class Flows:
    """Makes them, and knows again those that it made."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._key = clock, secrets.token_bytes(32)

    def begin(self) -> Flow:
        ends = int(self._clock.now() + LASTS)
        begun = f"{ends}.{secrets.token_urlsafe(24)}"
        return self._flow(f"{begun}.{self._derived('state', begun)}")

    def resume(self, state: str, cookie: str) -> Flow | None:
        """None where another browser began it, or nobody, or too long ago."""
        begun, _, mark = state.rpartition(".")
        known = hmac.compare_digest(mark.encode(), self._derived("state", begun).encode())
        same = hmac.compare_digest(state.encode(), cookie.encode())
        if not known or not same or int(begun.partition(".")[0]) <= self._clock.now():
            return None
        return self._flow(state)

    def _flow(self, state: str) -> Flow:
        return Flow(state, self._derived("nonce", state), self._derived("verifier", state))

    def _derived(self, what: str, text: str) -> str:
        return hmac.digest(self._key, f"{what} {text}".encode(), "sha256").hex()
