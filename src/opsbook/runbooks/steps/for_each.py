"""`for-each`: steps are carried out for one thing after the other."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from opsbook.core.errors import BadInputError
from opsbook.durable.values import Json
from opsbook.runbooks.action import ActionFailedError
from opsbook.runbooks.compound import Compound
from opsbook.runbooks.course import Course
from opsbook.runbooks.fitting import fitted, head, simple
from opsbook.runbooks.settings import Word, highest_class
from opsbook.runbooks.template import Template

if TYPE_CHECKING:
    from opsbook.runbooks.settings import AnyStep

_MOST_ITEMS = 1000
_SHOWN_ITEMS = 16_000
"""Bytes for each of the two lists of a result."""


class ForEach(Compound):
    """Carries out steps for each thing of a list, one after the other."""

    items: Template | list[Template]
    """A template that gives a list, or a list of templates."""
    as_: Word = Field(default="item", alias="as")
    """By which name the steps know the thing."""
    steps: "list[AnyStep]" = Field(min_length=1)
    """What is done for each."""
    continue_: bool = Field(default=False, alias="continue")
    """Whether to go on with the next one where one failed. The step has failed all the same;
    tried again or resumed, it does only what failed."""

    class_told: ClassVar[str] = "The highest of the steps within it."
    gives: ClassVar[Mapping[str, str]] = {
        "count": "how many things there were",
        "done": "for which of them all steps succeeded",
        "failed": "for which not, each with `item` and `why`",
    }

    @property
    def subject(self) -> str:
        if isinstance(self.items, Template):
            return f"each of {self.items}"
        return f"each of {', '.join(map(str, self.items))}"[:200]

    @property
    def least_class(self) -> int:
        return highest_class(self.steps)

    async def proceed(self, course: Course) -> dict[str, Json]:
        items = self._items(course)
        done: set[int] = course.kept.setdefault("done", set())
        again = 1
        failed = await self._through(course, items, done, "")
        while failed and self.continue_ and await course.resumed(str(again)):
            again += 1
            failed = await self._through(course, items, done, f"-{again}")
        result: dict[str, Json] = {
            "count": len(items),
            "done": fitted((_shown(items[number - 1]) for number in sorted(done)), _SHOWN_ITEMS),
            "failed": fitted(failed, _SHOWN_ITEMS),
        }
        if failed:
            said = f"{self.subject}: {len(failed)} failed, {len(done)} of {len(items)} are done"
            raise ActionFailedError(f"{said}: {_reasons(failed)}", result)
        return result

    async def _through(
        self, course: Course, items: Sequence[Any], done: set[int], again: str
    ) -> list[Json]:
        """Carry out the steps for each that is not done yet; those that failed."""
        failed: list[Json] = []
        for number, item in enumerate(items, 1):
            if number in done:
                continue
            try:
                await course.carry_out(self.steps, f"{number}{again}", {self.as_: item})
                done.add(number)
            except ActionFailedError as error:
                failed.append({"item": _shown(item), "why": head(str(error), 300)})
                if not self.continue_:
                    break
        return failed

    def _items(self, course: Course) -> list[Any]:
        context = course.context
        if isinstance(self.items, list):
            found: Any = [context.value(each) for each in self.items]
        else:
            found = context.value(self.items)
        if not isinstance(found, list | tuple):
            kind = type(found).__name__
            raise BadInputError(f"{self.subject}: a list is needed (got a {kind})")
        if len(found) > _MOST_ITEMS:
            raise BadInputError(f"{self.subject}: {len(found)} things, at most {_MOST_ITEMS}")
        return list(found)


def _shown(item: Any) -> Json:
    """A text as it is; of what is larger, its beginning."""
    if isinstance(item, str | int | float | bool) or item is None:
        return simple(item)
    return head(str(item), 200)


def _reasons(failed: list[Json]) -> str:
    told = [f"{each['item']}: {each['why']}" for each in failed[:3] if isinstance(each, Mapping)]
    return "; ".join(told)
