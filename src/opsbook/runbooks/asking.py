"""A step asks people: shown as waiting, answered once, and over after a while."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from opsbook.core.units import format_duration
from opsbook.durable.port import SignalTimeoutError
from opsbook.durable.values import Json
from opsbook.runbooks.action import ActionFailedError
from opsbook.runbooks.ends import EndRunError
from opsbook.runbooks.passage import Passage
from opsbook.runbooks.questions import Question
from opsbook.state.people import Role

_REPEATED = 200
"""Characters of a question that nobody answered."""
Wording = Callable[[], Awaitable[str]]
"""Words a question when it is first asked: it may have to look at what it is about."""


class Asking:
    """Of one step."""

    def __init__(self, passage: Passage) -> None:
        self._at = passage

    async def consent(self, name: str, wording: Wording, within: float) -> dict[str, Json]:
        """A second person's. Raises ActionFailedError, and EndRunError if it was refused."""
        said = await self._answer(
            "approval", name, wording, within, ("approved", "refused"), Role.APPROVER
        )
        if said["answer"] == "refused":
            raise EndRunError(
                f"{self._at.path}: refused by {said['by']}: {said['why'] or 'no reason given'}",
                self._at.first,
            )
        return said

    async def decision(self, wording: Wording, within: float) -> str:
        """What becomes of a step that failed; to stop where nobody says anything."""
        choices = ("retry", "skip", "rollback", "stop")
        try:
            said = await self._answer(
                "decision", "decision", wording, within, choices, Role.OPERATOR
            )
        except ActionFailedError:
            return "stop"
        return str(said["answer"])

    async def _answer(
        self,
        kind: Literal["approval", "decision"],
        name: str,
        wording: Wording,
        within: float,
        choices: tuple[str, ...],
        role: Role,
    ) -> dict[str, Json]:
        at, about = self._at, self._at.life.about
        signal = f"{at.path}:{name}.{at.go}"

        async def ask() -> Json:
            now = at.means.clock.now()
            asked = Question(
                f"{about.run}.{about.round}.{signal}",
                about.run,
                f"{signal}.{about.round}",
                at.path,
                kind,
                await wording(),
                choices,
                role,
                at.journey.snapshot.by,
                now,
                now + within,
            )
            await at.means.questions.ask(asked)
            told = {"id": asked.id, "signal": asked.signal, "question": asked.question}
            return {**at.shown, **told}

        asked = await at.once(f"asks-{name}", ask)
        assert isinstance(asked, Mapping)
        try:
            said = await at.life.run.wait_for(str(asked["signal"]), within)
        except SignalTimeoutError:
            late = await self._unanswered(str(asked["id"]), name)
            if isinstance(late, Mapping):
                return dict(late)
            question = str(asked["question"])[:_REPEATED]
            raise ActionFailedError(
                f"nobody answered within {format_duration(within)}: {question}"
            ) from None
        assert isinstance(said, Mapping)
        return dict(said)

    async def _unanswered(self, question: str, name: str) -> Json:
        async def close() -> Json:
            return await self._at.means.questions.close(question)

        return await self._at.once(f"unanswered-{name}", close)
