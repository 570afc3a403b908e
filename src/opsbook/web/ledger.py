"""The ledger, searched and verified. Under `/api/ledger`."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Engine

from opsbook.state.chain import Entry, Verdict
from opsbook.state.ledger import verify
from opsbook.state.search import Search, search
from opsbook.web.inputs import Asked, Most, Sane
from opsbook.web.roles import Viewer

Kind = Annotated[str, Sane, Field(min_length=1, max_length=100)]
Seq = Annotated[int, Query(ge=1, le=2**53, description="only entries before this number")]


class LedgerEntry(BaseModel):
    """One thing that happened."""

    seq: int
    at: datetime
    kind: str
    subject: str
    actor: str
    body: dict[str, Any]
    hash: str


class LedgerPage(BaseModel):
    """Entries that match, the newest first."""

    entries: list[LedgerEntry]
    next: int | None = Field(description="`before` of the next page; null on the last one")


class LedgerVerdict(BaseModel):
    """Whether every entry is as it was written."""

    good: bool
    entries: int = Field(description="those that are as they were written")
    head: str = Field(description="the hash of the last of them")
    bad: int | None = Field(description="the number of the first that is not")
    problem: str | None


class _Verifying:
    """One at a time: whoever asks meanwhile gets the same answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._under_way: asyncio.Task[Verdict] | None = None

    async def verdict(self) -> Verdict:
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(asyncio.to_thread(verify, self._engine))
        return await asyncio.shield(self._under_way)


def ledger_routes(engine: Engine) -> APIRouter:
    """`/api/ledger`."""
    routes = APIRouter(prefix="/api/ledger", tags=["ledger"])
    verifying = _Verifying(engine)

    @routes.get("")
    async def list_ledger(
        kind: Annotated[
            list[Kind] | None,
            Query(max_length=20, description="kinds; `service.` means all that begin so"),
        ] = None,
        subject: Asked = "",
        actor: Asked = "",
        text: Annotated[Asked, Query(description="somewhere in the body")] = "",
        before: Seq | None = None,
        limit: Most = 100,
    ) -> LedgerPage:
        """What happened, the newest first."""
        wanted = Search(tuple(kind or ()), subject, actor, text, before)
        # One more tells whether there is another page.
        found = await asyncio.to_thread(search, engine, wanted, limit + 1)
        more = len(found) > limit
        shown = found[:limit]
        return LedgerPage(
            entries=[_entry(each) for each in shown], next=shown[-1].seq if more else None
        )

    @routes.post("/verification")
    async def verify_ledger(person: Viewer) -> LedgerVerdict:
        """Hold every entry against the chain; that takes a second for each 100,000 entries."""
        verdict = await verifying.verdict()
        return LedgerVerdict(
            good=verdict.problem is None,
            entries=verdict.entries,
            head=verdict.head,
            bad=verdict.bad,
            problem=verdict.problem,
        )

    return routes


def _entry(entry: Entry) -> LedgerEntry:
    return LedgerEntry(**entry.as_dict())
