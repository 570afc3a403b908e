"""What a step of class 3 waits for: its window, and a second person who knows what is asked."""

from collections.abc import Mapping, Sequence

from opsbook.core.clock import iso
from opsbook.core.errors import BadInputError
from opsbook.core.secrets import mask
from opsbook.durable.values import Json
from opsbook.runbooks.action import Change
from opsbook.runbooks.asking import Asking
from opsbook.runbooks.ends import EndRunError
from opsbook.runbooks.foretelling import foretold
from opsbook.runbooks.foretelling_elsewhere import foretold_elsewhere
from opsbook.runbooks.passage import Passage
from opsbook.runbooks.settings import StepSettings
from opsbook.runbooks.snapshot import step_digest
from opsbook.runbooks.telling import told
from opsbook.runbooks.windows import opens_in


class Consent:
    """Of one step."""

    def __init__(self, passage: Passage, asking: Asking) -> None:
        self._at, self._asking = passage, asking

    async def get(self) -> None:
        """Raises EndRunError where it is refused or came too late, and ActionFailedError where
        nobody answered."""
        left = await self._closed_for("window")
        if left > 0:
            await self._at.life.run.sleep(f"{self._at.path}:opens.{self._at.go}", left)
        within = self._at.book.approve_within
        said = await self._asking.consent("consent", self._question, within)
        if await self._closed_for("still-open") > 0:
            raise EndRunError(
                f"{self._at.path}: {said['by']} approved, but the window has closed since",
                self._at.first,
            )

    async def _closed_for(self, name: str) -> float:
        at = self._at

        async def look() -> Json:
            if at.book.window is None:
                return {**at.shown, "left": 0.0}
            now = at.means.clock.now()
            left = opens_in(at.book.window, now)
            if left > 0:
                await at.means.chronicle.waiting(
                    at.run,
                    f"{at.key}.{name}",
                    step=at.path,
                    what="the window in which it may be carried out",
                    until=iso(now + left),
                )
            return {**at.shown, "left": left, "until": now + left}

        found = await at.once(name, look)
        assert isinstance(found, Mapping)
        return float(str(found["left"]))

    async def _question(self) -> str:
        """For somebody who was woken up and knows nothing of it."""
        at, snapshot = self._at, self._at.journey.snapshot
        where = f" on host {host}" if (host := self._host()) is not None else ""
        return mask(
            f"{snapshot.by} asks for step {at.path} of runbook {snapshot.runbook}{where}, because: "
            f"{snapshot.why.strip().rstrip('.')}. {await self._change()} "
            f"{self._proof()}{await self._way_back()} May it be carried out?"
        )

    def _host(self) -> str | None:
        """As the book writes it, where its name cannot be told yet: the step will say so."""
        try:
            return self._at.elsewhere
        except BadInputError:
            return str(self._at.step.host)

    async def _change(self) -> str:
        at = self._at
        subject = f"{at.step.kind} {told(at.step.action, at.values)}"
        change, why = await self._foretold()
        if why:
            return f"It would carry out {subject}; what that changes cannot be told now: {why}."
        if change is None:
            return f"It would carry out {subject}."
        return f"It would change {change.what}: {change.before} → {change.after}."

    async def _foretold(self) -> tuple[Change | None, str]:
        at = self._at
        try:
            host = at.elsewhere
        except BadInputError as error:
            return None, str(error)
        if host is not None:
            return await foretold_elsewhere(at, host)
        context = at.life.context(at.path, f"{at.go}", at.values)
        return await foretold(at.step.action, context)

    def _proof(self) -> str:
        proof = self._at.step.verify
        if proof is None:
            return ""
        return f"Proven by: {self._told(proof.steps)}. "

    async def _way_back(self) -> str:
        step = self._at.step
        if not step.rollback:
            why = step.no_rollback.strip().rstrip(".")
            return f"Nothing takes it back{f': {why}' if why else ''}."
        digest = step_digest(step)
        proven = digest in await self._at.means.proofs.known([digest])
        said = "a drill has proven that" if proven else "unproven: no drill has exercised that"
        return f"Taken back by: {self._told(step.rollback)} ({said})."

    def _told(self, steps: Sequence[StepSettings]) -> str:
        return ", ".join(told(each.action, self._at.values) for each in steps)
