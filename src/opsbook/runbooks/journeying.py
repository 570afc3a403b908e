"""The run around a step, as the step sees it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from opsbook.durable.values import Json
from opsbook.runbooks.life import Life
from opsbook.runbooks.means import Means
from opsbook.runbooks.settings import RunbookSettings, StepSettings
from opsbook.runbooks.snapshot import Snapshot


class Journeying(ABC):
    """The run around a step."""

    life: Life
    means: Means
    snapshot: Snapshot
    undoing: bool
    """Whether it takes back: what was consented to includes that."""
    consented: set[str]
    """The places of steps that a second person has approved before they were come to."""

    @abstractmethod
    async def carry_steps(
        self,
        steps: Sequence[StepSettings],
        around: str,
        values: Mapping[str, Any],
        book: RunbookSettings,
    ) -> dict[str, Json]: ...

    @abstractmethod
    async def start(
        self, runbook: str, parameters: Mapping[str, Json], path: str
    ) -> dict[str, Json]: ...

    @abstractmethod
    def enter(self, path: str, at: str) -> None: ...

    @abstractmethod
    def left(self, now: float, book: RunbookSettings) -> float: ...

    @abstractmethod
    def passed(self, at: float, round_: int) -> None: ...

    @abstractmethod
    def changed(
        self,
        step: StepSettings,
        path: str,
        values: Mapping[str, Any],
        book: RunbookSettings,
    ) -> None: ...
