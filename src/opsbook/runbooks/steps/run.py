"""`run`: another runbook is carried out as part of this one."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from pydantic import Field

from opsbook.durable.values import Json
from opsbook.runbooks.action import Thing
from opsbook.runbooks.compound import Compound
from opsbook.runbooks.course import Course
from opsbook.runbooks.fitting import fitted_results
from opsbook.runbooks.settings import Word
from opsbook.runbooks.template import Template


class Run(Compound):
    """Carries out another runbook of the book, in this run."""

    runbook: Template
    """Which runbook."""
    with_: dict[Word, Template] = Field(default={}, alias="with")
    """Its parameters, name → value."""

    class_told: ClassVar[str] = "The highest of the other runbook's steps."
    gives: ClassVar[Mapping[str, str]] = {"steps": "the results of its steps, by step"}

    @property
    def subject(self) -> str:
        return f"runbook {self.runbook}"

    @property
    def least_class(self) -> None:
        """That of the other runbook, which only the book knows."""
        return None

    def names(self) -> Iterable[tuple[Thing, str]]:
        return [("runbook", self.runbook.fixed)] if self.runbook.fixed is not None else []

    async def proceed(self, course: Course) -> dict[str, Json]:
        context = course.context
        parameters = {name: context.value(each) for name, each in self.with_.items()}
        results = await course.start(context.text(self.runbook), parameters)
        return {"steps": fitted_results(results)}
