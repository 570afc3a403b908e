"""The service that a step changes, held while it does: nobody else changes it meanwhile."""

from opsbook.core.clock import iso
from opsbook.core.errors import BadInputError
from opsbook.core.units import format_duration
from opsbook.runbooks.action import ActionFailedError
from opsbook.runbooks.locks import Holder
from opsbook.runbooks.passage import Passage


class Hold:
    """Of one step. A step within it may change the same service, and leaves it held."""

    def __init__(self, passage: Passage) -> None:
        self._at = passage
        self._held: str | None = None

    def service(self) -> str | None:
        """The one that the step changes. Raises ActionFailedError where its name is unknown."""
        step = self._at.step
        template = step.changes or (step.action.target if self._at.action_class else None)
        try:
            return None if template is None else template.text(self._at.values)
        except BadInputError as error:
            raise ActionFailedError(str(error)) from None

    async def take(self, service: str) -> bool:
        """Whether it is to be given back by this step. Raises ActionFailedError naming the run
        that has it, when that does not let go in time."""
        at = self._at
        holder = await self._taken(service)
        if holder.run != at.run:
            raise ActionFailedError(_busy(service, holder, at.step.within))
        return holder.step == at.path

    def held(self, service: str | None) -> None:
        """What `take` found is recorded, and told again to who comes by again."""
        self._held = service

    async def release(self) -> None:
        if self._held is not None:
            await self._at.means.locks.release(self._held, self._at.run, self._at.path)

    async def _taken(self, service: str) -> Holder:
        at = self._at

        async def told(holder: Holder) -> None:
            await at.means.chronicle.waiting(
                at.run,
                f"{at.key}.lock",
                step=at.path,
                what=f"service {service}, which run {holder.run} changes ({holder.step})",
                until=iso(at.means.clock.now() + at.step.within),
            )

        stopping = at.life.context(at.path, f"{at.go}", at.values).stopping
        within = at.step.within
        return await at.means.locks.take(service, at.run, at.path, within, stopping, told)


def _busy(service: str, holder: Holder, within: float) -> str:
    return (
        f"service {service} is being changed by run {holder.run} ({holder.step}) since "
        f"{iso(holder.since)}; waited {format_duration(within)}"
    )
