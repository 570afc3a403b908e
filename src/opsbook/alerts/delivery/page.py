"""Telling one receiver one thing, past the routes: written down once, however often asked."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import Engine, select

from opsbook.alerts.delivery.outbox import Outbox
from opsbook.alerts.delivery.posts import Post, key_of, notices
from opsbook.alerts.model import Alert, Notice
from opsbook.core.clock import Clock
from opsbook.core.labels import Labels
from opsbook.state.database import reading


class Pager:
    """Pages leave through the outbox: they are tried again, and have their fallback."""

    def __init__(self, outbox: Outbox, engine: Engine, clock: Clock, external_url: str) -> None:
        self._outbox, self._engine = outbox, engine
        self._clock, self._external_url = clock, external_url

    async def tell(self, receiver: str, group: str, labels: Labels, alert: Alert, key: str) -> int:
        """Tell each entry of a receiver; how many there are. On return it survives the process.

        What was told with the same `key` is not told again, also not in a later life. A newer
        notice of the same `group`, which has these labels, takes the place of one that has not
        left yet. Raises SQLAlchemyError, and then nobody was told.
        """
        now = self._clock.now()
        notice = Notice(receiver, group, labels, (alert,), now, self._external_url)
        posts = self._posts(notice, key)
        await self.write_once(posts)
        return len(posts)

    async def write_once(self, posts: Sequence[Post]) -> None:
        """Those whose keys are new. On return they survive the process. Raises SQLAlchemyError."""
        known = await asyncio.to_thread(_written, self._engine, [post.key for post in posts])
        fresh = [post for post in posts if post.key not in known]
        if fresh:
            await self._outbox.write(fresh)

    def _posts(self, notice: Notice, key: str) -> list[Post]:
        known, now = self._outbox.setup.receivers.get(notice.receiver), notice.at
        firing, resolved = (
            frozenset(alert.fingerprint for alert in alerts)
            for alerts in (notice.firing, notice.resolved)
        )
        return [
            Post(
                notice,
                entry,
                firing,
                resolved,
                now,
                now,
                key=key_of(key, notice.receiver, entry),
            )
            for entry, notifier in (known.entries.items() if known else ())
            if firing or notifier.send_resolved
        ]


def _written(engine: Engine, keys: list[str]) -> set[str]:
    with reading(engine) as connection:
        query = select(notices.c.key).where(notices.c.key.in_(keys))
        return set(connection.execute(query).scalars())
