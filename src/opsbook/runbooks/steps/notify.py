"""`notify`: a receiver of the book is told something."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from pydantic import Field

from opsbook.durable.values import Json
from opsbook.runbooks.action import Action, Change, Thing
from opsbook.runbooks.context import Context
from opsbook.runbooks.fitting import head
from opsbook.runbooks.template import Template

_LONGEST_SUBJECT = 200


class Notify(Action):
    """Tells a receiver of the book something, once, whatever dies meanwhile."""

    receiver: Template
    """Which receiver of `alerts:`."""
    title: Template = Field(alias="subject")
    """What it is about, in a line."""
    text: Template | None = None
    """What there is to say."""

    class_told: ClassVar[str] = "0: nothing on the platform changes."
    gives: ClassVar[Mapping[str, str]] = {
        "answer": "what became of it: the receiver's first answer, or that it waits",
    }

    @property
    def subject(self) -> str:
        return f"receiver {self.receiver}"

    def names(self) -> Iterable[tuple[Thing, str]]:
        return [("receiver", self.receiver.fixed)] if self.receiver.fixed is not None else []

    async def preview(self, context: Context) -> Change:
        title, text = self._said(context)
        what = f"receiver {context.text(self.receiver)}"
        return Change(what, "not told", f"{title}: {text}".removesuffix(": "))

    async def carry_out(self, context: Context) -> dict[str, Json]:
        receiver = context.text(self.receiver)
        answer = await context.hands.notify(receiver, *self._said(context), context.job_id)
        return {"answer": head(answer)}

    def _said(self, context: Context) -> tuple[str, str]:
        """What it is about, and what there is to say."""
        title = head(context.text(self.title), _LONGEST_SUBJECT)
        return title, head(context.text(self.text)) if self.text is not None else ""
