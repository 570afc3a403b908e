"""Changes of incidents on their way into the database, then into the ledger."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Engine

from opsbook.incidents import store
from opsbook.incidents.model import Incident
from opsbook.incidents.store import Unrecorded
from opsbook.state.chain import Entry
from opsbook.state.database import reading
from opsbook.state.ledger import Ledger, read_entries

logger = logging.getLogger(__name__)

_LEDGER_DEADLINE = 10.0

Hook = Callable[[str], None]
"""Called with the name of each step of a change: tests end the process there."""


class Journal:
    """Writes the row with the entry that it owes; once the ledger has that, it owes nothing."""

    def __init__(self, engine: Engine, ledger: Ledger, hook: Hook = lambda step: None) -> None:
        self._engine, self._ledger, self._hook = engine, ledger, hook
        self._late: dict[str, list[Unrecorded]] = {}
        """Incident → entries that the ledger had not taken in time."""

    async def write(
        self, incident: Incident, entry: Unrecorded, fingerprints: Sequence[str] = ()
    ) -> None:
        """Write a change down; on return it survives the process. Raises SQLAlchemyError."""
        owed = [*self._late.get(incident.id, ()), entry]
        save = partial(store.save, self._engine, incident, fingerprints, owed)
        await asyncio.to_thread(save)
        self._late[incident.id] = owed
        self._hook("written")

    async def recorded(self, incident: Incident, entry: "asyncio.Future[Entry]") -> None:
        """Wait until the ledger has the last entry, and with it all before. Not for ever: a
        ledger that cannot be written must not hold up who is paged."""
        try:
            async with asyncio.timeout(_LEDGER_DEADLINE):
                await asyncio.shield(entry)
        except TimeoutError:
            logger.warning("the ledger has not taken what happened to %s", incident.id)
            return
        self._hook("recorded")
        await asyncio.to_thread(store.recorded, self._engine, incident.id)
        self._late.pop(incident.id, None)

    async def keep(self, incident: Incident) -> None:
        """Write down what is no news to the ledger. Raises SQLAlchemyError."""
        owed = self._late.get(incident.id, [])
        await asyncio.to_thread(store.save, self._engine, incident, (), owed)

    async def settle(self) -> None:
        """Record what an earlier life owed; what the ledger has already is not said twice."""
        write = self._ledger.record  # the kinds are those that were given to `write`
        for number, owed in await asyncio.to_thread(store.load_unrecorded, self._engine):
            known = await asyncio.to_thread(self._changes, number)
            for each in owed:
                if each.body["change"] not in known:
                    entry = write(each.kind, number, each.actor, **each.body)
                    _, late = await asyncio.wait([entry], timeout=_LEDGER_DEADLINE)
                    if late:
                        return
            await asyncio.to_thread(store.recorded, self._engine, number)

    def _changes(self, number: str) -> set[int]:
        with reading(self._engine) as connection:
            entries = read_entries(connection, subject=number)
            return {entry.as_dict()["body"].get("change") for entry in entries}
