"""Which pages follow which runs."""

import asyncio
from collections.abc import Mapping

from opsbook.web.live.feed import MOST, Feed, Follow
from opsbook.web.live.outbox import Outbox


class TooManyFollowedError(Exception):
    """No further run can be followed now."""


class Following:
    """Owns the feeds and their tasks."""

    def __init__(self, follow: Follow | None) -> None:
        """None where the book has nothing to run."""
        self._follow = follow
        self._tasks: dict[Feed, asyncio.Task[None]] = {}

    def set(self, outbox: Outbox, runs: Mapping[str, int]) -> None:
        """A page follows these runs and no others, each from a position on. Raises
        TooManyFollowedError."""
        already = {feed.run: feed for feed in self._tasks if outbox in feed.outboxes}
        for run in already.keys() - runs.keys():
            self._leave(already[run], outbox)
        for run in runs.keys() - already.keys():
            self._join(outbox, run, runs[run])

    def leave(self, outbox: Outbox) -> None:
        """It follows nothing any more."""
        self.set(outbox, {})

    async def close(self) -> None:
        """End all of them."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _join(self, outbox: Outbox, run: str, position: int) -> None:
        for feed in self._tasks:
            if feed.run == run and feed.start <= position:
                feed.add(outbox, position)
                return
        if self._follow is None or len(self._tasks) >= MOST:
            raise TooManyFollowedError(f"{len(self._tasks)} runs are followed already")
        feed = Feed(run, position, self._follow)
        feed.add(outbox, position)
        task = self._tasks[feed] = asyncio.create_task(feed.carry(), name=f"follow {run}")
        task.add_done_callback(lambda _: self._tasks.pop(feed, None))

    def _leave(self, feed: Feed, outbox: Outbox) -> None:
        feed.outboxes.discard(outbox)
        if not feed.outboxes:
            self._tasks.pop(feed).cancel()
