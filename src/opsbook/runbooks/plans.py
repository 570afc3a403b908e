"""Plans that were shown, and who signed them: what class 2 wants when nobody is there."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.durable.values import Json
from opsbook.runbooks.chronicle import Chronicle
from opsbook.runbooks.store import plans
from opsbook.state.database import reading
from opsbook.state.people import Person, Role

_KEEP_UNSIGNED = 86_400.0
"""Seconds."""
SHORTEST = 12
"""Characters of a digest by which people name a plan."""


class Plans:
    """By their digest: a changed procedure is another plan, which nobody has signed."""

    def __init__(self, engine: Engine, chronicle: Chronicle, clock: Clock) -> None:
        self._engine = engine
        self._chronicle = chronicle
        self._clock = clock

    async def keep(self, digest: str, runbook: str, parameters: Mapping[str, Json]) -> None:
        """It was shown, so it can be signed."""
        row = {"digest": digest, "runbook": runbook, "parameters": json.dumps(parameters)}
        await asyncio.to_thread(self._keep, row | {"made_at": self._clock.now()})

    async def sign(self, digest: str, by: Person) -> None:
        """The first twelve characters of a digest stand for it, where no other has them.

        Raises BadInputError for who may not, and for a plan that nobody was shown.
        """
        if not by.role.allows(Role.APPROVER):
            raise BadInputError(f"{by.name} is {by.role.value}: signing takes the role approver")
        row = await asyncio.to_thread(self._meant, digest)
        if row is None:
            raise BadInputError(f"there is no plan {digest}: make a dry run, it shows the digest")
        digest = row.digest
        if row.signed_by is not None:
            raise BadInputError(f"plan {digest} is signed already, by {row.signed_by}")
        await self._chronicle.plan_signed(
            digest, by.name, runbook=row.runbook, parameters=json.loads(row.parameters)
        )
        await asyncio.to_thread(self._sign, digest, by)

    async def signer(self, digest: str) -> str | None:
        row = await asyncio.to_thread(self._row, digest)
        return None if row is None else row.signed_by

    def _keep(self, row: dict[str, Any]) -> None:
        old = plans.c.made_at < self._clock.now() - _KEEP_UNSIGNED
        with self._engine.begin() as connection:
            connection.execute(delete(plans).where(plans.c.signed_by.is_(None), old))
            known = select(plans.c.digest).where(plans.c.digest == row["digest"])
            if connection.execute(known).first() is None:
                connection.execute(insert(plans), row)

    def _row(self, digest: str) -> Any:
        with reading(self._engine) as connection:
            return connection.execute(select(plans).where(plans.c.digest == digest)).first()

    def _meant(self, beginning: str) -> Any:
        if len(beginning) < SHORTEST:
            return None
        query = select(plans).where(plans.c.digest.startswith(beginning, autoescape=True))
        with reading(self._engine) as connection:
            found = connection.execute(query.limit(2)).all()
        return found[0] if len(found) == 1 else None

    def _sign(self, digest: str, by: Person) -> None:
        signed = {"signed_by": by.name, "signed_at": self._clock.now()}
        with self._engine.begin() as connection:
            connection.execute(update(plans).where(plans.c.digest == digest).values(signed))
