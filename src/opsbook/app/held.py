"""What only one process may have at a time, kept for as long as it runs."""

import asyncio
import logging
import time

from opsbook.durable.lock import CarrierLock, TakenError

logger = logging.getLogger(__name__)

_KEEP_EVERY = 5.0
_PATIENCE = 5.0
"""Seconds for which a server may not have noticed yet that the process before has died."""
_TRY_AGAIN_AFTER = 0.2


class Held:
    """A lock, taken when it is made. Blocks. Raises TakenError, saying `why`."""

    def __init__(self, lock: CarrierLock, why: str) -> None:
        self.trouble: str | None = None
        """Why it is not held at the moment, or None."""
        self._lock, self._why = lock, why
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                lock.take()
                return
            except TakenError:
                if time.monotonic() > deadline:
                    raise TakenError(why) from None
                time.sleep(_TRY_AGAIN_AFTER)

    async def keep(self) -> None:
        """Until cancelled. Raises TakenError when another took it while we could not keep it."""
        while True:
            await asyncio.sleep(_KEEP_EVERY)
            try:
                self.trouble = await asyncio.to_thread(self._lock.keep)
            except TakenError:
                raise TakenError(self._why) from None

    def close(self) -> None:
        self._lock.release()
