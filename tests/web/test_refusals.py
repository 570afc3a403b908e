"""Refused requests in the ledger."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from opsbook.state.database import reading
from opsbook.state.ledger import Ledger, read_entries
from opsbook.web import refusals
from opsbook.web.refusals import Refusals
from tests.eventually import eventually
from tests.state.databases import ledger_in


def counts(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        entries = list(read_entries(connection, kind="access.refused"))
    return [entry.as_dict()["body"]["count"] for entry in entries]


def refuse(them: Refusals, times: int) -> None:
    for _ in range(times):
        them.add("unknown", 401, "POST", "/api/silences")


async def flushed(ledger: Ledger, engine: Engine) -> list[int]:
    assert await ledger.flush(within=5)
    return counts(engine)


async def test_ten_in_a_minute_have_entries_and_the_others_are_counted(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as (engine, ledger):
        them = Refusals(ledger)
        refuse(them, 1000)
        assert await flushed(ledger, engine) == [1] * 10
        them.close()
        assert await flushed(ledger, engine) == [1] * 10 + [990]


async def test_the_count_is_written_when_the_minute_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "_SPAN", 0.05)
    with ledger_in(tmp_path) as (engine, ledger):
        them = Refusals(ledger)
        refuse(them, 12)
        await eventually(lambda: counts(engine) == [1] * 10 + [2])
        await asyncio.sleep(0.1)
        refuse(them, 1)
        assert await flushed(ledger, engine) == [1] * 10 + [2, 1]
        them.close()


async def test_without_refusals_nothing_is_written(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as (engine, ledger):
        Refusals(ledger).close()
        found: list[Any] = await flushed(ledger, engine)
        assert found == []
