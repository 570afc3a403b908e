"""A run at one of its steps: the place, what is known there, and its durable steps."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from opsbook.durable.values import Json
from opsbook.runbooks.journeying import Journeying
from opsbook.runbooks.settings import RunbookSettings, StepSettings
from opsbook.runbooks.telling import told


class Passage:
    """Its durable steps are named `PATH:WHAT.N`."""

    def __init__(
        self,
        journey: Journeying,
        step: StepSettings,
        name: str,
        path: str,
        values: Mapping[str, Any],
        book: RunbookSettings,
    ) -> None:
        self.journey, self.step, self.name, self.path = journey, step, name, path
        self.values, self.book = values, book
        self.life, self.means = journey.life, journey.means
        self.own = not step.consists_of_others
        """Whether it does something itself, with proof and rollback of its own."""
        self.action_class = step.action_class if self.own else step.class_ or 0
        self.go = 0
        """How often it was come to: a person can have it tried again."""
        self.first = ""
        """The durable step at which a resumed run goes on."""

    async def once(
        self, what: str, body: Callable[[], Awaitable[Json]], *, finish: bool = False
    ) -> Json:
        """As `Life.once`, by a name of this passage."""
        name = f"{self.path}:{what}.{self.go}"
        self.first = self.first or name
        return await self.life.once(name, body, finish=finish)

    @property
    def run(self) -> str:
        return self.life.about.run

    @property
    def key(self) -> str:
        """Of entries of this passage in the ledger."""
        return f"{self.life.about.round}.{self.path}.{self.go}"

    @property
    def shown(self) -> dict[str, Json]:
        """What the record of a durable step tells of it."""
        subject = told(self.step.action, self.values)
        return {"kind": self.step.kind, "subject": subject, "class": self.action_class}

    @property
    def elsewhere(self) -> str | None:
        """The host whose agent carries it out, where that is not this one. Raises BadInputError."""
        host = self.step.host.text(self.values) if self.step.host is not None else ""
        return host if host and host != self.means.host else None

    def with_result(self, result: Mapping[str, Json]) -> dict[str, Any]:
        """What is known after it."""
        return {**self.values, "steps": {**self.values["steps"], self.name: result}}
