"""The database of a platform's state, and the right to write to it."""

import asyncio
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from opsbook.app.held import Held
from opsbook.core.errors import BadInputError
from opsbook.durable.lock import AdvisoryLock
from opsbook.state.database import connect, reading, unreachable
from opsbook.state.settings import StateSettings
from opsbook.state.tables import ledger


class State:
    """SQLite is locked with its data directory; PostgreSQL holds a lock of its own."""

    def __init__(self, settings: StateSettings, file: Path, platform: str) -> None:
        """Blocks. Raises BadInputError where it cannot be reached, is of another platform, or
        another process has it."""
        self.url = settings.url(file)
        self._held = _held(self.url) if settings.shared else None
        try:
            self.engine = connect(self.url)
            self._check_platform(platform)
        except BaseException:
            if self._held is not None:
                self._held.close()
            raise

    @property
    def trouble(self) -> str | None:
        """Why the lock is not held at the moment, or None."""
        return self._held.trouble if self._held is not None else None

    async def run(self) -> None:
        """Keep the lock until cancelled. Raises TakenError when another process has it."""
        if self._held is None:
            await asyncio.Event().wait()
        else:
            await self._held.keep()

    def close(self) -> None:
        self.engine.dispose()
        if self._held is not None:
            self._held.close()

    def _check_platform(self, platform: str) -> None:
        of = ledger.c.kind == "watch.started"
        with reading(self.engine) as connection:
            query = select(ledger.c.subject).where(of).order_by(ledger.c.seq).limit(1)
            known = connection.execute(query).scalar()
        if known is not None and known != platform:
            self.engine.dispose()
            raise BadInputError(
                f"{self.url.render_as_string()} belongs to platform {known!r} (the book "
                f"says {platform!r}); give this platform a database of its own"
            )


def _held(url: URL) -> Held:
    where = url.render_as_string()
    why = (
        f"another opsbook writes to {where}: one database is for one `opsbook up`; "
        "stop that one, or give this one a database of its own"
    )
    try:
        return Held(AdvisoryLock(url, "state"), why)
    except OperationalError as error:
        raise unreachable(url, error) from None
