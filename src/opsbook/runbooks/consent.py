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
from opsbook.runbooks.place import called, place
from opsbook.runbooks.settings import StepSettings
from opsbook.runbooks.snapshot import step_digest
from opsbook.runbooks.telling import told
from opsbook.runbooks.windows import opens_in

_ASKS = 3
"""The class of steps that want a second person."""


class Consent:
    """Of one step."""

    def __init__(self, passage: Passage, asking: Asking) -> None:
        self._at, self._asking = passage, asking

    async def get(self) -> None:
        """Raises EndRunError where it is refused or came too late, and ActionFailedError where
        nobody answered."""
        at = self._at
        if at.go == 1 and at.path in at.journey.consented:
            return
        left = await self._closed_for("window")
        if left > 0:
            await at.life.run.sleep(f"{at.path}:opens.{at.go}", left)
        said = await self._asking.consent("consent", self._question, at.book.approve_within)
        if await self._closed_for("still-open") > 0:
            raise EndRunError(
                f"{at.path}: {said['by']} approved, but the window has closed since", at.first
            )
        at.journey.consented.update(each.path for each in self._others())

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
        where = f" on host {host}" if (host := _host(at)) is not None else ""
        why = snapshot.why.strip().rstrip(".")
        asked = (
            f"{snapshot.by} asks for step {at.path} of runbook {snapshot.runbook}{where}, "
            f"because: {why}. {await _told_of(at)}"
        )
        others = [f"{n}. {await _told_of(each)}" for n, each in enumerate(self._others(), 1)]
        if not others:
            return mask(f"{asked} May it be carried out?")
        return mask(f"{asked} The same run would do more: {' '.join(others)} May it do it all?")

    def _others(self) -> list[Passage]:
        """At the steps that will not ask, for this one does: those after it in the same list. What
        is done for each of many things, or by another runbook, cannot be told yet and asks."""
        at, steps = self._at, self._at.book.steps
        if at.book.consent == "step" or at.go > 1 or not any(each is at.step for each in steps):
            return []
        around = at.path.removesuffix(at.name).removesuffix(".")
        if place(around, at.name) != at.path:
            return []
        mine = next(n for n, each in enumerate(steps) if each is at.step)
        found = []
        for number, step in enumerate(steps[mine + 1 :], mine + 2):
            name = called(step, number)
            other = Passage(at.journey, step, name, place(around, name), at.values, at.book)
            if other.action_class == _ASKS:
                other.go = at.go
                found.append(other)
        return found


async def _told_of(at: Passage) -> str:
    """What it changes, what proves it, and what takes it back."""
    return f"{await _change(at)} {_proof(at)}{await _way_back(at)}"


def _host(at: Passage) -> str | None:
    """As the book writes it, where its name cannot be told yet: the step will say so."""
    try:
        return at.elsewhere
    except BadInputError:
        return str(at.step.host)


async def _change(at: Passage) -> str:
    subject = f"{at.step.kind} {told(at.step.action, at.values)}"
    change, why = await _foretold(at)
    if why:
        return f"It would carry out {subject}; what that changes cannot be told now: {why}."
    if change is None:
        return f"It would carry out {subject}."
    return f"It would change {change.what}: {change.before} → {change.after}."


async def _foretold(at: Passage) -> tuple[Change | None, str]:
    try:
        host = at.elsewhere
    except BadInputError as error:
        return None, str(error)
    if host is not None:
        return await foretold_elsewhere(at, host)
    context = at.life.context(at.path, f"{at.go}", at.values)
    return await foretold(at.step.action, context)


def _proof(at: Passage) -> str:
    return f"Proven by: {_told(at.step.verify.steps, at)}. " if at.step.verify else ""


async def _way_back(at: Passage) -> str:
    step = at.step
    if not step.rollback:
        why = step.no_rollback.strip().rstrip(".")
        return f"Nothing takes it back{f': {why}' if why else ''}."
    digest = step_digest(step)
    proven = digest in await at.means.proofs.known([digest])
    said = "a drill has proven that" if proven else "unproven: no drill has exercised that"
    return f"Taken back by: {_told(step.rollback, at)} ({said})."


def _told(steps: Sequence[StepSettings], at: Passage) -> str:
    return ", ".join(told(each.action, at.values) for each in steps)
