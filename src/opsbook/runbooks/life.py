"""What every step of a run works with, in one life of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opsbook.durable.port import Run, RunCancelledError
from opsbook.durable.values import Json
from opsbook.runbooks.context import Context
from opsbook.runbooks.hands import Hands


@dataclass(frozen=True, slots=True)
class About:
    """The run whose steps are carried out, here or on its behalf on another host."""

    run: str
    round: int
    by: str
    why: str


class Life:
    """Durable steps of a run, and what its actions see."""

    def __init__(self, run: Run, hands: Hands, about: About) -> None:
        self.run = run
        self.hands = hands
        self.about = about
        self.cancelled: RunCancelledError | None = None
        """Heard while something had been begun, which is brought to its end first."""
        self.finishing = False
        """Whether all that comes is to tidy up, which a cancellation does not keep from it."""

    async def once(
        self, name: str, body: Callable[[], Awaitable[Json]], *, finish: bool = False
    ) -> Json:
        """What the body gave when it was first carried to its end.

        With `finish` it is carried out also when the run was cancelled just now, for what it
        belongs to has begun. Raises RunCancelledError otherwise, and StepFailedError.
        """
        try:
            return await self.run.step(name, body)
        except RunCancelledError as error:
            if not finish and not self.finishing:
                raise
            self.cancelled = error
            return await self.run.step(f"{name}+", body)

    def context(
        self, path: str, attempt: str, values: Mapping[str, Any], *, finish: bool = False
    ) -> Context:
        """With `finish`, being cancelled does not stop what is done in it."""
        about = self.about
        stays = finish or self.finishing
        return Context(
            run=about.run,
            path=path,
            attempt=f"{about.round}.{attempt}",
            by=about.by,
            why=about.why,
            values=values,
            stopping=asyncio.Event() if stays else self.run.stopping,
            hands=self.hands,
        )
