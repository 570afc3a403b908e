"""Refused requests in the ledger: each of them up to a bound, then how many more there were."""

import asyncio

from opsbook.state.ledger import Ledger

_MOST = 10
"""Entries in one span of time: whoever knocks all the time must not fill the disk."""
_SPAN = 60.0
"""Seconds."""


class Refusals:
    """Belongs to one event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._in_span = 0
        self._untold = 0
        self._end: asyncio.TimerHandle | None = None

    def add(self, who: str, status: int, method: str, path: str, address: str = "unknown") -> None:
        """`path` is that of the route, `address` that of the sender."""
        if self._has_room():
            self._ledger.record(
                "access.refused",
                f"{method} {path}",
                actor=who,
                status=status,
                count=1,
                address=address,
            )

    def add_sign_in(self, who: str, way: str, why: str, address: str) -> None:
        """`who` is somebody known: what was typed for a name might be a password."""
        if self._has_room():
            self._ledger.record(
                "access.sign_in_refused", who, actor="unknown", way=way, why=why, address=address
            )

    def _has_room(self) -> bool:
        if self._end is None:
            self._end = asyncio.get_running_loop().call_later(_SPAN, self.close)
        self._in_span += 1
        if self._in_span > _MOST:
            self._untold += 1
        return self._in_span <= _MOST

    def close(self) -> None:
        """End the span: say how many had no entry of their own."""
        if self._untold:
            self._ledger.record("access.refused", "several", count=self._untold)
        if self._end is not None:
            self._end.cancel()
        self._in_span, self._untold, self._end = 0, 0, None
