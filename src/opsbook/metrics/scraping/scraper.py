"""All jobs: targets come and go, each is scraped on its own schedule."""

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from opsbook.core.clock import Clock
from opsbook.metrics.metadata import Catalogue
from opsbook.metrics.scraping.course import Course, Workshop
from opsbook.metrics.scraping.discovery import Discovery
from opsbook.metrics.scraping.settings import ScrapeConfig
from opsbook.metrics.scraping.status import DroppedTarget, TargetStatus
from opsbook.metrics.scraping.target import Target
from opsbook.metrics.store import Store, StoreError, TooManySeriesError

logger = logging.getLogger(__name__)

_GONE_AFTER = 2.1
"""Intervals after which a target that is not found any more has ended, as in Prometheus: by then
another one may give the same series."""

_TELL_EVERY = 1.0
"""Seconds between two looks at what is wrong with the targets' files."""


@dataclass(slots=True)
class _Running:
    course: Course
    task: asyncio.Task[None]


@dataclass(slots=True)
class _Job:
    discovery: Discovery
    running: dict[str, _Running] = field(default_factory=dict)
    """By the target's key."""
    leaving: dict[str, _Running] = field(default_factory=dict)
    """Not found any more; their tasks wait for the end."""


class Scraper:
    """Finds the targets of the jobs, scrapes them and keeps what they say."""

    def __init__(
        self, configs: Iterable[ScrapeConfig], store: Store, catalogue: Catalogue, clock: Clock
    ) -> None:
        self._jobs = [_Job(Discovery(config)) for config in configs]
        self._workshop = Workshop(
            store, catalogue, clock, _thread("scrape small"), _thread("scrape large")
        )
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Scrape until cancelled. Nothing is marked as ended then: a restart leaves no gap."""
        try:
            async with asyncio.TaskGroup() as self._group:
                for job in self._jobs:
                    changed = partial(self._changed, job)
                    self._group.create_task(job.discovery.watch(changed), name="discovery")
                await self._tell_problems()
        finally:
            for thread in (self._workshop.small, self._workshop.large):
                await asyncio.to_thread(thread.shutdown, cancel_futures=True)

    def targets(self) -> list[TargetStatus]:
        """How every target stands, job after job."""
        return [running.course.status for job in self._jobs for running in job.running.values()]

    def dropped(self) -> list[DroppedTarget]:
        """Targets that relabelling took out."""
        return [dropped for job in self._jobs for dropped in job.discovery.dropped]

    def problems(self) -> list[str]:
        """Target files that cannot be read and targets that cannot be scraped, and why."""
        return [problem for job in self._jobs for problem in job.discovery.problems]

    async def _tell_problems(self) -> None:
        """Each once, as long as it lasts."""
        told: set[str] = set()
        while True:
            problems = set(self.problems())
            for problem in sorted(problems - told):
                logger.warning("%s", problem)
            told = problems
            await asyncio.sleep(_TELL_EVERY)

    def _changed(self, job: _Job) -> None:
        found = {target.key: target for target in job.discovery.targets}
        for key in job.running.keys() - found.keys():
            self._leave(job, job.running.pop(key))
        for key, target in found.items():
            known = job.running.get(key)
            if known is None:
                self._start(job, target, job.leaving.pop(key, None))
            elif known.course.serves(target):
                known.course.target = target
            else:
                self._start(job, target, known)

    def _start(self, job: _Job, target: Target, before: _Running | None) -> None:
        """`before` served the same target; its series go on."""
        assert self._group is not None
        if before is not None:
            before.task.cancel()
        course = Course(target, self._workshop, before.course if before else None)
        task = self._group.create_task(course.run(), name=f"scrape {target.url}")
        job.running[target.key] = _Running(course, task)

    def _leave(self, job: _Job, running: _Running) -> None:
        assert self._group is not None
        running.task.cancel()
        key = running.course.target.key
        self._workshop.catalogue.forget(key)
        task = self._group.create_task(self._end(job, running.course), name="scrape ends")
        job.leaving[key] = _Running(running.course, task)

    async def _end(self, job: _Job, course: Course) -> None:
        target = course.target
        at = course.next_time()
        await asyncio.sleep(_GONE_AFTER * target.interval)
        running = [each.course for one in self._jobs for each in one.running.values()]
        # Only targets with the same labels can give the same series, but for honor_labels.
        twins = [course for course in running if course.target.labels == target.labels]
        others = {labels for twin in twins for labels in twin.live}
        try:
            await course.end(at, others)
        except (StoreError, TooManySeriesError) as error:
            logger.warning("job %s, %s: its series do not end: %s", target.job, target.url, error)
        del job.leaving[target.key]


def _thread(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix=name)
