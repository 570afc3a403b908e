"""A book's backups of a real SQLite database in directories, and an engine that carries them."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from opsbook.backups.listing import Found
from opsbook.backups.service import Backups
from opsbook.backups.settings import BackupSettings, backup_settings_for
from opsbook.backups.vault import Vault
from opsbook.core.clock import ManualClock
from opsbook.durable.engines.memory import Memory, MemoryEngine
from opsbook.durable.model import RunInfo
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import Ledger, read_entries

ROWS = 500
PUBLIC = "age1nfh947dkrmfz74r9sgun33y5r4hf98qegvnr6hhh62q0krmkt3nsxcnv83"


def database(file: Path, rows: int = ROWS) -> Path:
    """A database with orders in it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, what TEXT)")
        given = [(f"order {number} of many",) for number in range(rows)]
        connection.executemany("INSERT INTO orders (what) VALUES (?)", given)
        connection.commit()
    return file


def settings(directory: Path, **changes: Any) -> BackupSettings:
    """One set, `orders`, in the directory `a`; `changes` are those of the set and of the section
    (`destinations`, `recipients`, `identity`); `source` is another one than a SQLite database."""
    source = changes.pop("source", {"sqlite": {"path": str(directory / "orders.db")}})
    section = {
        "destinations": {"a": place(directory / "a")},
        "sets": {"orders": {**source, "to": ["a"]}},
    }
    for key in ("destinations", "recipients", "identity"):
        if key in changes:
            section[key] = changes.pop(key)
    section["sets"]["orders"] |= changes
    made: BackupSettings = backup_settings_for(section).model_validate(
        section, context={"directory": directory}
    )
    return made


def place(directory: Path) -> dict[str, Any]:
    return {"local": {"directory": str(directory), "minimum_free": "1 MB"}}


class Scene:
    """The room, and who carries its runs."""

    def __init__(self, backups: Backups, engine: MemoryEngine, database: Any, clock: ManualClock):
        self.backups = backups
        self.engine = engine
        self.clock = clock
        self.vault = backups.vault
        self.database = database

    async def end(self, run: str, within: float = 30.0) -> dict[str, Any]:
        info: RunInfo = await self.engine.wait(run, within)
        assert isinstance(info.result, Mapping), info
        await self.backups.refresh()
        return dict(info.result)

    async def make(self, **words: str) -> dict[str, Any]:
        """A backup from the wish to its end; the next is made in another second."""
        found = await self.end(await self.backups.make("orders", "ada", "to see", **words))
        self.clock.advance(60.0)
        return found

    def copies(self, destination: str = "a") -> list[Found]:
        """What lies there, newest first."""
        found = self.vault.listed("orders")[destination]
        assert isinstance(found, list), found
        return found

    def ledger(self, *kinds: str) -> list[dict[str, Any]]:
        with reading(self.database) as connection:
            entries = [entry.as_dict() for entry in read_entries(connection)]
        return [entry for entry in entries if entry["kind"] in kinds]


@asynccontextmanager
async def scene(directory: Path, **changes: Any) -> AsyncIterator[Scene]:
    """Nothing is backed up yet, unless an earlier scene in this directory did so."""
    if not (directory / "orders.db").exists():
        database(directory / "orders.db")
    engine = connect(sqlite_url(directory / "state.db"))
    clock = ManualClock()
    ledger = Ledger(engine, clock)
    vault = Vault("shop", settings(directory, **changes), engine, directory / "scratch", clock)
    backups = Backups(vault, engine, ledger, clock)
    carrier = MemoryEngine(Memory(), backups.functions, list(backups.queues))
    backups.connect(carrier)
    await backups.start()
    await carrier.open()
    try:
        yield Scene(backups, carrier, engine, clock)
    finally:
        await carrier.close()
        await asyncio.to_thread(ledger.close)
        backups.close()
        engine.dispose()
