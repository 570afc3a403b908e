"""`approve`: a person says yes before the run goes on."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from opsbook.book.fields import Duration
from opsbook.durable.values import Json
from opsbook.runbooks.action import ActionFailedError
from opsbook.runbooks.compound import Compound
from opsbook.runbooks.course import Course
from opsbook.runbooks.fitting import head
from opsbook.runbooks.template import Template


class Approve(Compound):
    """Asks people, and goes on when one of them consents."""

    question: Template
    """What they are asked; shown to whoever may answer."""
    within: Duration = Field(default=3600.0, gt=0)
    """How long it waits for them; then it is a failure."""
    by: Annotated[list[str], Field(min_length=1)] | None = None
    """The people who may consent, by name; with another's consent the step fails. Whoever may
    approve, if none is named."""

    class_told: ClassVar[str] = "0: nothing on the platform changes."
    gives: ClassVar[Mapping[str, str]] = {
        "by": "who consented",
        "why": "what they said",
        "at": "when, in UTC",
    }

    @property
    def subject(self) -> str:
        return str(self.question)[:200]

    async def proceed(self, course: Course) -> dict[str, Json]:
        question = head(course.context.text(self.question))
        answer = await course.ask(question, self.within, "approve")
        told = {name: answer.get(name) for name in self.gives}
        if self.by is not None and told["by"] not in self.by:
            said = f"{told['by']} consented, and only {' or '.join(self.by)} may"
            raise ActionFailedError(f"{self.subject}: {said}", told)
        return told
