"""Which rollbacks a drill has exercised as they stand."""

import asyncio
from collections.abc import Collection

from sqlalchemy import Engine, insert, select

from opsbook.core.clock import Clock
from opsbook.runbooks.store import proofs
from opsbook.state.database import reading

_AT_ONCE = 500


class Proofs:
    """By the content of a step: a step that was changed since is unproven again."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def keep(self, digest: str, runbook: str, step: str, run: str, drill: str) -> None:
        """The first proof of a content stays."""
        row = {"digest": digest, "runbook": runbook, "step": step, "run": run, "drill": drill}
        await asyncio.to_thread(self._keep, row | {"at": self._clock.now()})

    async def known(self, digests: Collection[str]) -> set[str]:
        """Those of them that are proven."""
        return await asyncio.to_thread(self._known, list(digests))

    def _keep(self, row: dict[str, object]) -> None:
        with self._engine.begin() as connection:
            known = select(proofs.c.id).where(proofs.c.digest == row["digest"])
            if connection.execute(known).first() is None:
                connection.execute(insert(proofs), row)

    def _known(self, digests: list[str]) -> set[str]:
        found: set[str] = set()
        with reading(self._engine) as connection:
            for start in range(0, len(digests), _AT_ONCE):
                some = digests[start : start + _AT_ONCE]
                query = select(proofs.c.digest).where(proofs.c.digest.in_(some))
                found |= set(connection.execute(query).scalars())
        return found
