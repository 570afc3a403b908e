"""A life of Opsbook that maintains a database, and dies where it is told to."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from opsbook.core.clock import SystemClock
from opsbook.databases.postgresql.session import Session as Postgres
from opsbook.databases.recorder import FigureRecorder
from opsbook.databases.service import QUEUE, Databases
from opsbook.databases.settings import database_settings_type
from opsbook.databases.sqlite_file.session import Session as Sqlite
from opsbook.durable.engines.dbos import DbosEngine
from opsbook.metrics.stores.embedded import Embedded
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import Ledger, read_entries

RETENTION = {"table": "requests", "column": "made", "older_than": "30d", "archive": "archive"}
STEPS: dict[str, list[dict[str, Any]]] = {
    "sqlite": [
        {"integrity": {}},
        {"retention": {**RETENTION, "batch": 50}},
        {"vacuum": {}},
    ],
    "postgres": [
        {"vacuum": {"tables": ["requests"]}},
        {"retention": {**RETENTION, "batch": 50}},
        {"reindex": {"indexes": ["requests_made"]}},
        {"create_index": {"name": "requests_text", "table": "requests", "columns": ["text"]}},
    ],
}
_BEGUN = 0.7
"""Seconds after which a statement that others keep from its end has begun."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(databases: Databases, point: str) -> None:
    """Let one thing be the last of this process."""
    if point == "nowhere":
        return
    when, name, *number = point.split()
    if when == "amid":
        Sqlite.run = _dying(Sqlite.run, name, 4)  # type: ignore[method-assign]
        Postgres.run = _dying_soon(Postgres.run, name)  # type: ignore[method-assign]
        return
    left = [int(number[0]) if number else 1]
    action = getattr(databases.course, name)

    async def deadly(*words: Any) -> Any:
        left[0] -= 1
        if when == "before" and not left[0]:
            die()
        result = await action(*words)
        if not left[0]:
            die()
        return result

    setattr(databases.course, name, deadly)


def _dying(run: Callable[..., int], word: str, times: int) -> Any:
    left = [times]

    def deadly(session: Sqlite, statement: str, parameters: Any = ()) -> int:
        left[0] -= word in statement
        if not left[0]:
            die()
        return run(session, statement, parameters)

    return deadly


def _dying_soon(run: Callable[..., Any], word: str) -> Any:
    left = [4]

    async def deadly(session: Postgres, statement: Any, parameters: Any = None) -> int:
        left[0] -= word in statement.as_string()
        if not left[0]:
            die()
        if word in statement.as_string() and word != "DELETE":
            asyncio.get_running_loop().call_later(_BEGUN, die)
        changed: int = await run(session, statement, parameters)
        return changed

    return deadly


def begin(directory: Path, state: str, point: str, books: str) -> None:
    """A process of its own. `state` is where that is kept: `sqlite`, or the URL of a PostgreSQL
    database. The point is one such as `before plan` or `after carry_out 2`, `amid WORD` for while
    the statement with this word is carried out, or `nowhere`. What came of it is in the file
    `told` at the end."""
    os.environ["BOOKS"] = books
    uvloop.run(live(directory, state, point))


async def live(directory: Path, state: str, point: str) -> None:
    kind = "sqlite" if state == "sqlite" else "postgres"
    url = sqlite_url(directory / "state.db") if kind == "sqlite" else state
    target = (
        {"path": str(directory / "books.db")} if kind == "sqlite" else {"database": "env:BOOKS"}
    )
    # Who keeps one index from being built keeps the other one too.
    steps = [each for each in STEPS[kind] if "reindex" not in each or "CREATE" not in point]
    written = {kind: target, "maintain": steps}
    clock, database = SystemClock(), connect(url)
    ledger, store = Ledger(database, clock), Embedded()
    store.bind(directory / "store", clock)
    store.start()
    made = {"books": database_settings_type([kind]).model_validate(written)}
    databases = Databases(made, FigureRecorder(store), database, ledger, clock)
    arm(databases, point)
    runs = sqlite_url(directory / "runs.db") if kind == "sqlite" else state
    engine = DbosEngine(runs, databases.functions, [QUEUE])
    databases.connect(engine)
    await databases.start()
    await engine.open()
    under_way = await engine.find(prefix="database.", states=("waiting", "running"))  # type: ignore[arg-type]
    if under_way:
        run = under_way[0].id
    else:
        run = (await databases.maintain("books", "ada", "to see", "books")).id
    info = await engine.wait(run, 40)
    await engine.close()
    await ledger.flush(within=5)
    with reading(database) as connection:
        told = [each.as_dict() for each in read_entries(connection)]
    mine = [each["kind"] for each in told if each["body"].get("run") == run]
    told_of = {"result": info.result, "told": mine}
    (directory / "told").write_text(json.dumps(told_of), encoding="utf-8")
    ledger.close()
    store.close()
