"""The agents of further hosts, as the rest of the platform sees them."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.core.clock import Clock
from opsbook.core.units import format_duration
from opsbook.probes.model import State
from opsbook.runbooks.hosts import HostSettings
from opsbook.state.hosts import Heard, heard
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_LOOK_EVERY = 5.0
LATE_AFTER = 30.0
"""Seconds without a word, after which an agent counts as late."""


@dataclass(frozen=True, slots=True)
class AgentStanding:
    """How the agent of one host stands."""

    host: str
    state: State
    """`up`, `late`, or `unknown`: it never came, or the database cannot be asked."""
    message: str
    seen_at: float | None
    """When it was last heard of, in seconds since 1970; None if it never came."""


class Agents:
    """Looks at the words that agents leave in the database."""

    def __init__(
        self, hosts: Mapping[str, HostSettings], engine: Engine, ledger: Ledger, clock: Clock
    ) -> None:
        self._hosts, self._engine, self._ledger, self._clock = hosts, engine, ledger, clock
        self._heard: dict[str, Heard] = {}
        self._looked_at: float | None = None
        self._told: dict[str, State] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while self._hosts:
            await self.look()
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> None:
        """Look once, and write down who came and who is late."""
        try:
            self._heard = await asyncio.to_thread(heard, self._engine)
        except SQLAlchemyError as error:
            logger.warning("agents cannot be looked for: %s", getattr(error, "orig", error))
            return
        self._looked_at = self._clock.monotonic()
        for standing in self.standings():
            self._tell(standing)

    def standings(self) -> list[AgentStanding]:
        return [self._standing(host) for host in self._hosts]

    def _standing(self, host: str) -> AgentStanding:
        if self._looked_at is None:
            return AgentStanding(host, State.UNKNOWN, "not looked for yet", None)
        blind = self._clock.monotonic() - self._looked_at
        agent = self._heard.get(host)
        if agent is None:
            how = f"start `opsbook agent BOOK --host {host}` there"
            return AgentStanding(host, State.UNKNOWN, f"its agent never came: {how}", None)
        age = agent.age + blind
        seen = self._clock.now() - age
        if blind > LATE_AFTER:
            words = f"the database was not asked for {format_duration(blind)}"
            return AgentStanding(host, State.UNKNOWN, words, seen)
        if age > LATE_AFTER:
            words = f"not heard of for {format_duration(age)}: is `opsbook agent` running there?"
            return AgentStanding(host, State.LATE, words, seen)
        words = f"process {agent.pid} on {agent.machine}, opsbook {agent.version}"
        return AgentStanding(host, State.UP, words, seen)

    def _tell(self, standing: AgentStanding) -> None:
        before = self._told.get(standing.host, State.UNKNOWN)
        self._told[standing.host] = standing.state
        if standing.state is before:
            return
        if standing.state is State.UP:
            self._ledger.record("host.seen", standing.host, agent=standing.message)
        else:
            self._ledger.record("host.late", standing.host, message=standing.message)
