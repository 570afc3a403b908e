"""Who is to be scraped for a job: its static targets, and those in files, which may change."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from opsbook.core.aside import Aside
from opsbook.metrics.scraping.settings import ScrapeConfig, StaticConfig
from opsbook.metrics.scraping.status import DroppedTarget
from opsbook.metrics.scraping.target import RefusedTarget, Target, examined
from opsbook.metrics.scraping.target_files import TargetFiles

_POLL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Found:
    """What one look at groups of targets gave."""

    targets: tuple[Target, ...] = ()
    dropped: tuple[DroppedTarget, ...] = ()
    refused: tuple[RefusedTarget, ...] = ()


class Discovery:
    """The targets of one job as they stand now. Files are read in a thread."""

    def __init__(self, config: ScrapeConfig, poll: float = _POLL_SECONDS) -> None:
        self.config = config
        self._files = [TargetFiles(each) for each in config.file_sd_configs]
        self._poll = min([poll, *(files.refresh for files in self._files)])
        self._aside = Aside()
        self._groups: list[StaticConfig] | None = None
        self._found = _Found()

    @property
    def targets(self) -> tuple[Target, ...]:
        return self._found.targets

    @property
    def dropped(self) -> tuple[DroppedTarget, ...]:
        return self._found.dropped

    @property
    def problems(self) -> list[str]:
        """Files that cannot be read, targets that cannot be scraped, and why."""
        unread = [problem for files in self._files for problem in files.problems]
        return unread + [str(refused) for refused in self._found.refused]

    async def watch(self, changed: Callable[[], None]) -> None:
        """Say when the targets have changed, the first time as soon as they are known.

        Runs until cancelled; for a job without files it ends after the first time.
        """
        while True:
            if await self.refresh():
                changed()
            if not self._files:
                return
            await asyncio.sleep(self._poll)

    async def refresh(self) -> bool:
        """Look at the files once; whether the groups of targets are others than before."""
        found = await self._aside.run(self._look)
        if found is not None:
            self._found = found
        return found is not None

    def _look(self) -> _Found | None:
        """None where nothing changed. Blocks."""
        groups = list(self.config.static_configs)
        groups += [group for files in self._files for group in files.groups()]
        if groups == self._groups:
            return None
        self._groups = groups
        found = list(examined(self.config, groups))
        return _Found(
            tuple(each for each in found if isinstance(each, Target)),
            tuple(each for each in found if isinstance(each, DroppedTarget)),
            tuple(each for each in found if isinstance(each, RefusedTarget)),
        )
