"""All services of a platform: their keepers, started and kept together."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError, hint_for
from opsbook.core.events import Bus
from opsbook.core.secrets import mask
from opsbook.probes.events import OutcomeTaken
from opsbook.probes.model import State
from opsbook.probes.watch import Watch
from opsbook.services.controller import Home
from opsbook.services.keeper import Keeper
from opsbook.services.orders import Order, Ordered
from opsbook.services.rules import start_order
from opsbook.services.settings import ServiceSettings
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_BEGIN_AGAIN = 5.0
"""Seconds after which a keeper that broke begins again, by adopting what runs."""


class Services:
    """Owns a keeper for each service of the book."""

    def __init__(
        self,
        settings: Mapping[str, ServiceSettings],
        home: Callable[[str], Home],
        watch: Watch,
        bus: Bus,
        ledger: Ledger,
        clock: Clock,
        history: Callable[[str], list[float]],
    ) -> None:
        """`home` says where a service's files are kept, `history` when it was restarted."""
        self.keepers: dict[str, Keeper] = {}
        for name in start_order(settings):
            checks = [
                check.name for check in watch.checks.values() if check.settings.service == name
            ]
            settings[name].controller.bind(home(name))
            self.keepers[name] = Keeper(
                name, settings[name], checks, watch, bus, ledger, clock, history(name)
            )
        self._watch = watch
        bus.subscribe(OutcomeTaken, self._outcome_taken)

    async def run(self) -> None:
        """Keep all services until cancelled. They go on when the watch ends."""
        try:
            async with asyncio.TaskGroup() as group:
                for keeper in self.keepers.values():
                    needed = [self.keepers[name] for name in keeper.settings.depends_on]
                    group.create_task(_keep(keeper, needed), name=f"keeper of {keeper.name}")
        finally:
            await self._close()

    async def order(self, name: str, order: Order) -> Ordered:
        """Have an order carried out on one service, and on no other.

        Raises BadInputError if it was not begun: nothing was done then.
        """
        keeper = self.keepers.get(name)
        if keeper is None:
            hint = hint_for(name, self.keepers)
            raise BadInputError(f"there is no service {name!r}; {hint}")
        ordered = await keeper.order(order)
        return replace(ordered, dependents=self.dependents(name))

    def dependents(self, name: str) -> tuple[str, ...]:
        """The services that depend on this one, also through others, in their start order."""
        found = {name}
        for keeper in self.keepers.values():
            if found.intersection(keeper.settings.depends_on):
                found.add(keeper.name)
        return tuple(each for each in self.keepers if each in found - {name})

    def _outcome_taken(self, event: OutcomeTaken) -> None:
        """Every outcome, not only changes: a check may go on being down after what it was
        behind has come back, or after a maintenance window."""
        check = self._watch.checks[event.check]
        if check.state is not State.DOWN or not check.settings.restart_when_down:
            return
        keeper = self.keepers.get(check.settings.service or "")
        hidden = self._watch.cause(check) or self._watch.in_maintenance(check.settings.service)
        if keeper is not None and not hidden:
            keeper.unwell(check.name, event.outcome.message)

    async def _close(self) -> None:
        for keeper in self.keepers.values():
            keeper.close()
            await keeper.controller.close()


async def _keep(keeper: Keeper, needed: list[Keeper]) -> None:
    """A fault of our own in one keeper must not end the watch over all the others."""
    while True:
        try:
            await keeper.run(needed)
        except Exception as error:
            logger.exception("the keeper of %s broke", keeper.name)
            keeper.lost(f"the keeper itself broke: {type(error).__name__}: {mask(str(error))}")
            await asyncio.sleep(_BEGIN_AGAIN)
