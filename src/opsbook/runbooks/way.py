"""The way of a run through one step: consent, one change at a time, tries, and what follows
from failing."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsbook.core.errors import BadInputError
from opsbook.durable.values import Json
from opsbook.runbooks.action import ActionFailedError, ActionUnknownError
from opsbook.runbooks.asking import Asking
from opsbook.runbooks.bounded import bounded
from opsbook.runbooks.consent import Consent
from opsbook.runbooks.elsewhere import carried_elsewhere
from opsbook.runbooks.ends import EndRunError, StoppedError
from opsbook.runbooks.foretelling import foretold
from opsbook.runbooks.hold import Hold
from opsbook.runbooks.passage import Passage
from opsbook.runbooks.place import place
from opsbook.runbooks.settings import StepSettings
from opsbook.runbooks.telling import told
from opsbook.runbooks.trying import Around, Try

_MOST_RERUNS = 3
"""Of a step of which nobody knows whether it was done, where the book says `rerun`."""
_MOST_ASKED = 20
"""Times that a person may have a step tried again."""


class Way(Around):
    """Through one step."""

    def __init__(self, passage: Passage) -> None:
        self._at = passage
        self._step, self._path, self._life = passage.step, passage.path, passage.life
        self._hold = Hold(passage)
        self._asking = Asking(passage)
        self._tries = 0
        self._stopped_at = ""
        self._trial: Try | None = None
        self.kept = {}

    async def carry(self) -> dict[str, Json] | None:
        """The result, or None where it was left out. Raises StoppedError and EndRunError."""
        at = self._at
        while True:
            at.go += 1
            at.first = self._stopped_at = ""
            self._trial = None
            at.journey.enter(self._path, f"{self._path}:begun.{at.go}")
            try:
                if not self._wanted():
                    await self._skip()
                    return None
                return await self._once_through()
            except (ActionFailedError, ActionUnknownError) as error:
                if await self._after(error) == "on":
                    return bounded({"failed": str(error), **getattr(error, "result", {})})

    def _wanted(self) -> bool:
        if self._step.if_ is None:
            return True
        try:
            return self._step.if_.holds(self._at.values)
        except BadInputError as error:
            raise ActionFailedError(str(error)) from None

    async def _once_through(self) -> dict[str, Json]:
        if self._at.action_class == 4:
            return await self._print()
        if self._at.action_class == 3 and not self._at.journey.undoing:
            await Consent(self._at, self._asking).get()
        await self._begin()
        try:
            result = await self._try_again_and_again()
        except (ActionFailedError, ActionUnknownError) as error:
            await self._failed(error)
            raise
        await self._done(result)
        return result

    async def _skip(self) -> None:
        at = self._at

        async def skip() -> Json:
            await at.means.chronicle.step_skipped(
                at.run, at.key, step=at.path, because=str(self._step.if_)
            )
            return at.shown

        await at.once("skipped", skip)

    async def _print(self) -> dict[str, Json]:
        at = self._at

        async def show() -> Json:
            context = self._life.context(at.path, f"{at.go}", at.values)
            change, why = await foretold(self._step.action, context)
            text = told(self._step.action, at.values)
            if change is not None:
                text = f"{change.what}: {change.before} → {change.after}"
            elif why:
                text = f"{text}: what it would change cannot be told now: {why}"
            await at.means.chronicle.step_printed(at.run, at.key, step=at.path, text=text)
            return {**at.shown, "printed": text}

        shown = await at.once("printed", show)
        assert isinstance(shown, Mapping)
        return {"printed": shown["printed"]}

    async def _begin(self) -> None:
        """Take the lock and write down that it begins. Raises ActionFailedError."""
        begun = await self._at.once("begun", self._begun)
        assert isinstance(begun, Mapping)
        if "late" in begun:
            raise EndRunError(str(begun["late"]), self._at.first)
        self._at.journey.passed(float(str(begun["at"])), int(str(begun["round"])))
        if "failed" in begun:
            error = ActionFailedError(str(begun["failed"]))
            await self._failed(error)
            raise error
        self._hold.held(str(begun["locked"]) if begun["locked"] is not None else None)

    async def _begun(self) -> Json:
        at = self._at
        now = at.means.clock.now()
        if at.journey.left(now, at.book) < 0 and not at.journey.undoing:
            return {**at.shown, "late": f"the run took too long: {at.path} is not begun"}
        begun = {**at.shown, "at": now, "round": self._life.about.round, "locked": None}
        begun["host"] = self._host()
        try:
            service = self._hold.service()
            if service is not None and await self._hold.take(service):
                begun["locked"] = service
        except ActionFailedError as error:
            return {**begun, "failed": str(error)}
        if at.action_class > 0:
            await at.means.chronicle.step_started(
                at.run,
                at.key,
                step=at.path,
                what=told(self._step.action, at.values),
                service=service,
                **{"class": at.action_class},
            )
        return begun

    def _host(self) -> str | None:
        """The other one that carries it out; what its name is missing, the try will say."""
        with contextlib.suppress(BadInputError):
            return self._at.elsewhere
        return None

    async def _try_again_and_again(self) -> dict[str, Json]:
        """Raises what the last try raised."""
        retry = self._step.retry
        left = retry.times if retry is not None else 0
        reruns = _MOST_RERUNS if self._step.on_unknown == "rerun" else 0
        while True:
            self._tries += 1
            try:
                return await self._try()
            except ActionUnknownError as error:
                if self._step.on_unknown == "fail":
                    raise ActionFailedError(str(error)) from None
                if not reruns or self._life.cancelled is not None:
                    raise
                reruns -= 1
            except ActionFailedError as error:
                stopped = isinstance(error, StoppedError)
                if not left or (self._life.cancelled is not None and not stopped):
                    raise
                left -= 1
            await self._life.run.sleep(
                f"{self._path}:again.{self._tries}", retry.wait if retry is not None else 0
            )

    async def _try(self) -> dict[str, Json]:
        at = self._at
        trial = Try(self._life, self._step, at.name, self._path, self._tries, at.values, self)
        before, self._trial = self._trial, trial
        trial.begun = before is not None and before.begun
        try:
            host = at.elsewhere
        except BadInputError as error:
            raise ActionFailedError(str(error)) from None
        if host is not None:
            return await carried_elsewhere(trial, host, at.means, at.journey.snapshot, at.values)
        return await trial.carry()

    async def _done(self, result: Mapping[str, Json]) -> None:
        at = self._at

        async def done() -> Json:
            trial = self._trial
            assert trial is not None
            await at.means.chronicle.step_done(
                at.run,
                at.key,
                step=at.path,
                tries=self._tries,
                before=result.get("before"),
                after=result.get("after"),
                verified_by=trial.proof,
            )
            await self._hold.release()
            kept = {"result": bounded(result)} if not at.own else {}
            return {"tries": self._tries, **kept}

        if at.own and at.action_class > 0:
            at.journey.changed(self._step, at.path, at.with_result(result), at.book)
        await at.once("done", done, finish=at.action_class > 0)

    async def _failed(self, error: ActionFailedError | ActionUnknownError) -> None:
        at = self._at
        begun = self._trial is not None and self._trial.begun and at.own and at.action_class > 0

        async def failed() -> Json:
            await at.means.chronicle.step_failed(
                at.run,
                at.key,
                step=at.path,
                tries=self._tries,
                error=str(error),
                unknown=isinstance(error, ActionUnknownError),
                begun=begun,
            )
            await self._hold.release()
            return {"tries": self._tries, "error": str(error)}

        if begun:
            seen = at.with_result(getattr(error, "result", {}))
            at.journey.changed(self._step, at.path, seen, at.book)
        await at.once("failed", failed, finish=begun)

    async def _after(self, error: ActionFailedError | ActionUnknownError) -> str:
        """`again` or `on`. Raises StoppedError, EndRunError and RunCancelledError."""
        policy: str = self._step.on_failure or self._at.book.on_failure
        if isinstance(error, StoppedError) and self._step.on_failure is None:
            raise error
        where = self._stopped_at or self._at.first or await self._noted(error)
        message = str(error) if isinstance(error, StoppedError) else f"{self._path}: {error}"
        if self._at.journey.undoing:
            policy = "stop"
        elif self._life.cancelled is not None:
            if policy != "rollback":
                raise self._life.cancelled
        elif isinstance(error, ActionUnknownError):
            policy = "ask"
        if policy == "ask":
            policy = await self._decision(message)
        match policy:
            case "retry":
                return "again"
            case "continue" | "skip":
                return "on"
            case "rollback":
                raise EndRunError(message, where, roll_back=True)
            case _:
                raise StoppedError(message, where)

    async def _noted(self, error: ActionFailedError | ActionUnknownError) -> str:
        """Of what failed before it began there is no durable step yet to go on at."""
        await self._failed(error)
        return self._at.first

    async def _decision(self, message: str) -> str:
        if self._at.go > _MOST_ASKED:
            return "stop"

        async def wording() -> str:
            return f"{message}: what now?"

        return await self._asking.decision(wording, self._at.book.approve_within)

    async def carry_out(
        self, steps: Sequence[StepSettings], part: str, values: Mapping[str, Any]
    ) -> dict[str, Json]:
        at = self._at
        around = place(at.path, part if self._tries == 1 else f"{part}.{self._tries}")
        seen = {**at.values, **values}
        with self._remembering():
            return await at.journey.carry_steps(steps, around, seen, at.book)

    async def start(self, runbook: str, parameters: Mapping[str, Json]) -> dict[str, Json]:
        around = self._path if self._tries == 1 else place(self._path, str(self._tries))
        with self._remembering():
            return await self._at.journey.start(runbook, parameters, around)

    @contextlib.contextmanager
    def _remembering(self) -> Iterator[None]:
        """A resumed run goes on at the step within that failed first, whatever is told of it."""
        try:
            yield
        except StoppedError as error:
            self._stopped_at = self._stopped_at or error.at
            raise

    async def resumed(self, part: str) -> bool:
        before = await self._recorded_round(f"{self._path}:tried.{self._tries}.{part}")
        # A run that is resumed forgets this step, and not the one before.
        self._stopped_at = f"{self._path}:through.{self._tries}.{part}"
        return await self._recorded_round(self._stopped_at) > before

    async def _recorded_round(self, name: str) -> int:
        async def look() -> Json:
            return self._life.about.round

        return int(str(await self._life.once(name, look)))

    async def ask(self, question: str, within: float, signal: str) -> dict[str, Json]:
        async def wording() -> str:
            return question

        return await self._asking.consent(f"{signal}.{self._tries}", wording, within)
