"""Whether runs are carried: here, and by the agents of further hosts."""

from collections.abc import Sequence
from typing import Protocol

from opsbook.runbooks.agents import Agents, AgentStanding


class Carrying(Protocol):
    """Who carries runs in this process."""

    @property
    def trouble(self) -> str | None:
        """Why they may not be carried at the moment, or None."""

    @property
    def stranded(self) -> Sequence[str]:
        """Runs that another version began, and that nobody carries on by themselves."""


class RunHealth:
    """A book without runbooks has nobody who carries any."""

    def __init__(self, carrying: Carrying | None, agents: Agents) -> None:
        self._carrying, self._agents = carrying, agents

    @property
    def trouble(self) -> str | None:
        return self._carrying.trouble if self._carrying else None

    @property
    def stranded(self) -> Sequence[str]:
        return self._carrying.stranded if self._carrying else ()

    @property
    def hosts(self) -> list[AgentStanding]:
        return self._agents.standings()
