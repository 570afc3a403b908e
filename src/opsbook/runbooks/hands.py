"""What actions act through: the platform's checks, metrics, services, receivers and jobs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.durable.jobs.jobs import Jobs
from opsbook.probes.model import Outcome
from opsbook.runbooks.output import Output

if TYPE_CHECKING:
    from opsbook.backups.recovery import Recovery  # an agent has no backups, and no room for them

Verb = Literal["start", "stop", "restart", "reload", "scale"]


@dataclass(frozen=True, slots=True)
class Ordered:
    """What became of an order to a service."""

    verified: bool
    """Whether its checks are well after it; False also where none proves it."""
    before: str
    after: str
    message: str = ""
    evidence: tuple[int, ...] = ()
    """Numbers of the ledger entries that tell it."""


class Hands(ABC):
    """On one host. What a host does not have raises BadInputError saying so."""

    clock: Clock
    jobs: Jobs
    """For commands: carried out once each, whatever dies."""
    directory: str
    """Where commands run by default: the book's own directory."""
    output: Output | None = None
    """Where what commands write is handed on, unless those who follow can read it here."""

    @abstractmethod
    async def look(self, check: str) -> Outcome:
        """Look now, with the outcome taken as any other. Raises BadInputError."""

    @abstractmethod
    async def query(self, expression: str) -> Sequence[tuple[Mapping[str, str], float]]:
        """The series of an instant vector now; a scalar is one without labels.

        Raises BadInputError.
        """

    @abstractmethod
    async def standing(self, service: str) -> str:
        """How a service stands, for people: `running, process 312, verified`."""

    @abstractmethod
    async def replicas(self, service: str) -> int | None:
        """How many of it run, where its controller can tell."""

    @abstractmethod
    async def order(
        self,
        service: str,
        verb: Verb,
        *,
        by: str,
        why: str,
        key: str,
        replicas: int | None = None,
    ) -> Ordered:
        """Have a service started, stopped, …, and verified. With the same key it is done once.

        Raises BadInputError if it is refused, ActionUnknownError where it was cut short.
        """

    @abstractmethod
    async def notify(self, receiver: str, subject: str, text: str, key: str) -> str:
        """Have a receiver told, through the outbox: with the same key it is told once.
        What its first answer was, or that it waits. Raises BadInputError."""

    def recovery(self, set_name: str) -> "Recovery":
        """What brings a set of backups back. Raises BadInputError."""
        raise BadInputError(
            f"backups of {set_name} are not at hand here: they are where `opsbook up` runs; "
            "leave `host` out of this step"
        )
