"""The base of kinds that consist of other steps, or wait for somebody."""

from abc import abstractmethod

from opsbook.core.errors import BadInputError
from opsbook.durable.values import Json
from opsbook.runbooks.action import Action
from opsbook.runbooks.context import Context
from opsbook.runbooks.course import Course


class Compound(Action):
    """The run itself goes through it, with a record of every part."""

    @abstractmethod
    async def proceed(self, course: Course) -> dict[str, Json]: ...

    async def carry_out(self, context: Context) -> dict[str, Json]:
        raise BadInputError(
            f"{self.subject}: only a run can go through it; write it as a step of its own"
        )
