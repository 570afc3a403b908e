"""What the steps of a further host act through: its commands, and what it reaches itself."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError, hint_for
from opsbook.durable.jobs.jobs import Jobs
from opsbook.probes.check import Check
from opsbook.probes.look import look_once
from opsbook.probes.model import Outcome
from opsbook.runbooks.hands import Hands, Ordered, Verb
from opsbook.runbooks.output import Output


class RemoteHands(Hands):
    """Commands, HTTP and SQL from here, checks by looking once from here. The rest of the
    platform is where `opsbook up` runs."""

    def __init__(
        self,
        host: str,
        checks: Mapping[str, Check],
        jobs: Jobs,
        directory: str,
        clock: Clock,
        output: Output,
    ) -> None:
        self.clock, self.jobs, self.directory, self.output = clock, jobs, directory, output
        self._host, self._checks = host, checks

    async def look(self, check: str) -> Outcome:
        if check not in self._checks:
            hint = hint_for(check, self._checks)
            raise BadInputError(f"no such check (got {check!r}): {hint}")
        return await look_once(self._checks[check], self.clock)

    async def query(self, expression: str) -> Sequence[tuple[Mapping[str, str], float]]:
        self._refuse(f"query {expression!r}", "metrics are kept")

    async def standing(self, service: str) -> str:
        self._refuse(f"service {service}", "services are kept")

    async def replicas(self, service: str) -> int | None:
        self._refuse(f"service {service}", "services are kept")

    async def order(
        self, service: str, verb: Verb, *, by: str, why: str, key: str, replicas: int | None = None
    ) -> Ordered:
        self._refuse(f"{verb} of service {service}", "services are kept")

    async def notify(self, receiver: str, subject: str, text: str, key: str) -> str:
        self._refuse(f"notice to {receiver}", "notices leave")

    def _refuse(self, what: str, how: str) -> NoReturn:
        raise BadInputError(
            f"{what}: not on host {self._host}: {how} where `opsbook up` runs; "
            "leave `host` out of this step"
        )
