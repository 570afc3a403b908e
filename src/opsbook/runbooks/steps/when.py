"""`when`: steps are carried out where a condition holds, and others where it does not."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from opsbook.durable.values import Json
from opsbook.runbooks.compound import Compound
from opsbook.runbooks.course import Course
from opsbook.runbooks.fitting import fitted_results
from opsbook.runbooks.settings import highest_class
from opsbook.runbooks.template import Expression

if TYPE_CHECKING:
    from opsbook.runbooks.settings import AnyStep


class When(Compound):
    """Carries out steps where a condition holds, and others where it does not."""

    condition: Expression
    """Over parameters and earlier results, such as `steps.load.value > 100`."""
    then: "list[AnyStep]" = Field(min_length=1)
    """What is done where it holds."""
    otherwise: "list[AnyStep]" = []
    """What is done where it does not; nothing if none is given."""

    class_told: ClassVar[str] = "The highest of the steps within it."
    gives: ClassVar[Mapping[str, str]] = {
        "holds": "whether the condition held",
        "steps": "the results of the steps that were carried out, by step",
    }

    @property
    def subject(self) -> str:
        return f"when {self.condition}"[:200]

    @property
    def least_class(self) -> int:
        return highest_class([*self.then, *self.otherwise])

    async def proceed(self, course: Course) -> dict[str, Json]:
        holds = course.context.holds(self.condition)
        chosen, part = (self.then, "then") if holds else (self.otherwise, "otherwise")
        results = await course.carry_out(chosen, part, {}) if chosen else {}
        return {"holds": holds, "steps": fitted_results(results)}
