"""One target: scraped on its schedule, one scrape after the other."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from opsbook.core.clock import Clock
from opsbook.core.labels import Labels
from opsbook.metrics.exposition.model import Exposition
from opsbook.metrics.exposition.reader import ExpositionError, Reader
from opsbook.metrics.metadata import Catalogue, Metadata
from opsbook.metrics.scraping.fetch import Fetcher, FetchError, Page
from opsbook.metrics.scraping.intake import Intake
from opsbook.metrics.scraping.json_values import JsonReader
from opsbook.metrics.scraping.naming import RefusedError
from opsbook.metrics.scraping.schedule import Schedule
from opsbook.metrics.scraping.status import TargetStatus
from opsbook.metrics.scraping.target import Target
from opsbook.metrics.store import Store, StoreError, TooManySeriesError

logger = logging.getLogger(__name__)

_LARGE = 512 * 1024
"""Bytes from which on reading would hold up the others."""
_EXPECTED = (FetchError, StoreError, TooManySeriesError)
_NUMBERS = re.compile(r"\d+")

T = TypeVar("T")


class _Reads(Protocol):
    def read(self, body: bytes, content_type: str) -> Exposition: ...


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all courses share. Small answers never wait for large ones."""

    store: Store
    catalogue: Catalogue
    clock: Clock
    small: Executor
    large: Executor
    """Of one thread each."""


class Course:
    """Scrapes one target until cancelled."""

    def __init__(self, target: Target, workshop: Workshop, before: "Course | None" = None) -> None:
        """`before` scraped the same target; its series go on."""
        self.target = target
        self._schedule = Schedule(target.key, target.interval)
        self._workshop = workshop
        self._intake: Intake = before._intake if before else Intake(target, workshop.store)
        self._fetcher = Fetcher(target)
        declared = target.config.json_values
        self._reader: _Reads = JsonReader(declared) if declared else Reader()
        self._piece: asyncio.Future[Any] | None = before._piece if before else None
        self._error: str | None = None
        """Of the last scrape: empty where it succeeded, None before the first."""
        self._last_scrape: float | None = None
        self._last_duration: float | None = None
        self._complaint = ""
        self._metadata: Mapping[str, Metadata] | None = None

    @property
    def live(self) -> tuple[Labels, ...]:
        return self._intake.live

    @property
    def status(self) -> TargetStatus:
        target = self.target
        return TargetStatus(
            job=target.job,
            url=target.url,
            discovered=target.discovered,
            labels=target.labels,
            health="unknown" if self._error is None else "down" if self._error else "up",
            error=self._error or "",
            last_scrape=self._last_scrape,
            last_duration=self._last_duration,
            interval=target.interval,
            timeout=target.timeout,
            key=target.key,
        )

    async def run(self) -> None:
        try:
            due = self.next_time()
            while True:
                # The wall clock may have gone back: an interval is enough sleep in any case.
                wait = (due - self._now()) / 1000
                await asyncio.sleep(min(max(wait, 0.0), self.target.interval))
                now = self._now()
                at, due = self._schedule.stamp(due, now), self._schedule.after(now)
                await self._scrape(at)
        finally:
            self._fetcher.close()

    def serves(self, target: Target) -> bool:
        """Whether another target with the same key can take the place of this one."""
        return (target.interval, target.timeout) == (self.target.interval, self.target.timeout)

    def next_time(self) -> int:
        """When the next scrape is due, in ms."""
        return self._schedule.after(self._now())

    async def end(self, at: int, others: Collection[Labels]) -> None:
        """The target is gone, and nobody runs this any more. Raises as Intake.end."""
        await self._in_thread(self._workshop.small, lambda: self._intake.end(at, others))

    async def _scrape(self, at: int) -> None:
        started = self._workshop.clock.monotonic()
        refused, failure = Counter[str](), None
        try:
            refused = await self._ask(at, started)
        except Exception as error:  # also a fault of our own must not end the course
            failure = error
        self._last_scrape = at / 1000
        self._last_duration = self._workshop.clock.monotonic() - started
        self._error = _explained(failure) if failure else ""
        lost = ", ".join(f"{count} {reason}" for reason, count in refused.items())
        self._complain(self._error or (lost and f"the store refused samples: {lost}"), failure)

    async def _ask(self, at: int, started: float) -> Counter[str]:
        """Raises FetchError, with the row that says so in the store; StoreError without."""
        shop = self._workshop
        try:
            page = await self._fetcher.fetch()
        except FetchError as error:
            await self._in_thread(shop.small, lambda: self._fail(at, started))
            raise error from None
        thread = shop.large if page.weight > _LARGE else shop.small
        return await self._in_thread(thread, lambda: self._take(page, at, started))

    def _take(self, page: Page, at: int, started: float) -> Counter[str]:
        """In a thread: what came becomes rows, or the row that says that it does not."""
        try:
            exposition = self._reader.read(page.body(), page.content_type)
            self._note(exposition.metadata)
            duration = self._workshop.clock.monotonic() - started
            return self._intake.take(at, duration, exposition)
        except RefusedError as error:
            raise FetchError(f"{page.url}: {error}") from None
        except (FetchError, ExpositionError) as error:
            self._fail(at, started)
            raise FetchError(f"{page.url}: {error}") from None
        except MemoryError:
            self._fail(at, started)
            raise FetchError(f"{page.url}: no memory is left to read the answer") from None

    def _fail(self, at: int, started: float) -> None:
        self._intake.fail(at, self._workshop.clock.monotonic() - started)

    def _note(self, metadata: Mapping[str, Metadata]) -> None:
        if metadata is not self._metadata:
            self._workshop.catalogue.note(self.target.key, metadata)
            self._metadata = metadata

    async def _in_thread(self, thread: Executor, call: Callable[[], T]) -> T:
        """One piece of work at a time, also where who waits for one is cancelled."""
        if self._piece is not None and not self._piece.done():
            await asyncio.wait([self._piece])
        piece = asyncio.get_running_loop().run_in_executor(thread, call)
        self._piece = piece
        return await asyncio.shield(piece)

    def _complain(self, text: str, failure: Exception | None) -> None:
        """Once when it begins and when it changes, not at each scrape."""
        kind = _NUMBERS.sub("0", text)
        if kind == self._complaint:
            return
        self._complaint = kind
        if text:
            fault = None if failure is None or isinstance(failure, _EXPECTED) else failure
            logger.warning("job %s: %s", self.target.job, text, exc_info=fault)
        else:
            logger.info("job %s: %s is scraped again", self.target.job, self.target.url)

    def _now(self) -> int:
        return round(self._workshop.clock.now() * 1000)


def _explained(failure: Exception) -> str:
    expected = isinstance(failure, _EXPECTED)
    return str(failure) if expected else f"{type(failure).__name__}: {failure}"
