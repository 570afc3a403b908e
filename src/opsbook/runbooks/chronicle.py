"""What runs do, in the ledger: each entry once, also when a step is carried out again."""

import asyncio
import json
from typing import Any

from sqlalchemy import Engine

from opsbook.core.errors import OpsbookError
from opsbook.state.chain import Entry
from opsbook.state.database import reading
from opsbook.state.ledger import Ledger, read_entries

_PATIENCE = 30.0
"""Seconds until an entry must be on disk: nothing is changed that the ledger does not tell."""
_LAST = 20
"""Entries of a kind among which one is looked for: only the newest can have been repeated."""


class LedgerUnwritableError(OpsbookError):
    """The entry that must come before an act could not be written."""


class Chronicle:
    """Writes entries whose subject is a run. `key` tells one from others of its kind."""

    def __init__(self, ledger: Ledger, engine: Engine) -> None:
        self._ledger = ledger
        self._engine = engine

    async def requested(self, run: str, actor: str, **body: Any) -> None:
        if not await self._known("run.requested", run, run):
            await self._written(self._ledger.record("run.requested", run, actor, key=run, **body))

    async def refused_request(self, runbook: str, actor: str, **body: Any) -> None:
        await self._written(self._ledger.record("run.request_refused", runbook, actor, **body))

    async def started(self, run: str, key: str, **body: Any) -> None:
        if not await self._known("run.started", run, key):
            await self._written(self._ledger.record("run.started", run, key=key, **body))

    async def step_started(self, run: str, key: str, **body: Any) -> None:
        if not await self._known("run.step_started", run, key):
            await self._written(self._ledger.record("run.step_started", run, key=key, **body))

    async def step_done(self, run: str, key: str, **body: Any) -> None:
        if not await self._known("run.step_done", run, key):
            await self._written(self._ledger.record("run.step_done", run, key=key, **body))

    async def step_failed(self, run: str, key: str, **body: Any) -> None:
        if not await self._known("run.step_failed", run, key):
            await self._written(self._ledger.record("run.step_failed", run, key=key, **body))

    async def step_skipped(self, run: str, key: str, **body: Any) -> None:
        if not await self._known("run.step_skipped", run, key):
            await self._written(self._ledger.record("run.step_skipped", run, key=key, **body))

    async def step_printed(self, run: str, key: str, **body: Any) -> None:
        if not await self._known("run.step_printed", run, key):
            await self._written(self._ledger.record("run.step_printed", run, key=key, **body))

    async def waiting(self, run: str, key: str, **body: Any) -> None:
        if not await self._known("run.waiting", run, key):
            await self._written(self._ledger.record("run.waiting", run, key=key, **body))

    async def rolled_back(self, run: str, key: str, **body: Any) -> None:
        if not await self._known("run.rolled_back", run, key):
            await self._written(self._ledger.record("run.rolled_back", run, key=key, **body))

    async def ended(self, run: str, key: str, **body: Any) -> None:
        if not await self._known("run.ended", run, key):
            await self._written(self._ledger.record("run.ended", run, key=key, **body))

    async def answered(self, run: str, actor: str, key: str, answer: str, **body: Any) -> None:
        """What a person said to a question of the run."""
        body |= {"key": key}
        match answer:
            case "approved":
                if not await self._known("run.approved", run, key):
                    await self._written(self._ledger.record("run.approved", run, actor, **body))
            case "refused":
                if not await self._known("run.refused", run, key):
                    await self._written(self._ledger.record("run.refused", run, actor, **body))
            case _:
                body |= {"decision": answer}
                if not await self._known("run.decided", run, key):
                    await self._written(self._ledger.record("run.decided", run, actor, **body))

    async def answer_rejected(self, run: str, actor: str, **body: Any) -> None:
        """Somebody answered who may not, or too late, or again."""
        await self._written(self._ledger.record("run.answer_rejected", run, actor, **body))

    async def cancel_requested(self, run: str, actor: str, **body: Any) -> None:
        await self._written(self._ledger.record("run.cancel_requested", run, actor, **body))

    async def resumed(self, run: str, actor: str, **body: Any) -> None:
        await self._written(self._ledger.record("run.resumed", run, actor, **body))

    async def plan_signed(self, digest: str, actor: str, **body: Any) -> None:
        await self._written(self._ledger.record("plan.signed", digest, actor, **body))

    async def _known(self, kind: str, run: str, key: str) -> bool:
        return await asyncio.to_thread(self._holds, kind, run, key)

    def _holds(self, kind: str, run: str, key: str) -> bool:
        with reading(self._engine) as connection:
            last = read_entries(connection, kind=kind, subject=run, last=_LAST)
            return any(json.loads(entry.body).get("key") == key for entry in last)

    async def _written(self, entry: "asyncio.Future[Entry]") -> None:
        """Raises LedgerUnwritableError."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await asyncio.shield(entry)
        except TimeoutError:
            trouble = self._ledger.trouble or "it is busy"
            raise LedgerUnwritableError(
                f"the ledger cannot be written ({trouble}): nothing is done that it does not tell"
            ) from None
