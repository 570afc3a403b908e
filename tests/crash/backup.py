"""A life of Opsbook's backups, which dies where it is told to.

Arguments: directory, what is done (`backup`, `restore` or `copy`, from `a` to `b`), the point at
which to die (`before make`, `after remove`, …; `nowhere`). It prints at the end what came of it, as
JSON.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from opsbook.backups import vault as vault_module
from opsbook.backups import verification as verification_module
from opsbook.backups.copies import Copies
from opsbook.backups.pipeline import Pipeline
from opsbook.backups.sending import Sending
from opsbook.backups.service import Backups
from opsbook.backups.vault import Vault
from opsbook.backups.verification import Depth
from opsbook.core.clock import SystemClock
from opsbook.durable.engines.dbos import DbosEngine
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import Ledger, read_entries
from tests.backups.scene import place, settings

RULES: dict[str, Any] = {"retention": {"last": 1, "at_least": 1}, "drill": {"every": "7d"}}


def two(directory: Path) -> dict[str, Any]:
    """The same, kept in two places."""
    places = {name: place(directory / name) for name in ("a", "b")}
    return {**RULES, "destinations": places, "to": ["a", "b"]}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def deadly(when: str, action: Callable[..., Any]) -> Callable[..., Any]:
    """The action, dying before or after it; it may be a coroutine function."""

    async def awaited(*words: Any) -> None:
        await action(*words)
        die()

    def called(*words: Any) -> Any:
        if when == "before":
            die()
        if asyncio.iscoroutinefunction(action):
            return awaited(*words)
        action(*words)
        die()
        return None

    return called


def arm(backups: Backups, point: str) -> None:
    """Let one thing be the last of this process."""
    if point == "nowhere":
        return
    when, name = point.split()
    places: dict[str, tuple[Any, str]] = {
        "write": (Copies, "write"),
        "commit": (Copies, "commit"),
        "manifest": (Pipeline, "_finish"),
        "removal": (vault_module, "remove"),
        "comparison": (verification_module, "_compared"),
        "file": (Sending, "_send"),
    }
    holder, attribute = places.get(name, (backups.course, name))
    setattr(holder, attribute, deadly(when, getattr(holder, attribute)))


async def live(directory: Path, action: str, point: str) -> None:
    database, clock = connect(sqlite_url(directory / "state.db")), SystemClock()
    ledger = Ledger(database, clock)
    known = settings(directory, **(two(directory) if action == "copy" else RULES))
    vault = Vault("shop", known, database, directory / "scratch", clock)
    backups = Backups(vault, database, ledger, clock)
    arm(backups, point)
    engine = DbosEngine(sqlite_url(directory / "runs.db"), backups.functions, [*backups.queues])
    backups.connect(engine)
    await backups.start()
    await engine.open()
    under_way = await engine.find(prefix="backup.", states=("waiting", "running"))  # type: ignore[arg-type]
    if under_way:
        run = under_way[0].id
    elif action == "restore":
        run = await backups.verify("orders", Depth.RESTORE, "ada", "to see")
    elif action == "copy":
        run = await backups.send("orders", vault.newest("orders")[1], "b", "ada", "to see")
    else:
        run = await backups.make("orders", "ada", "to see")
    info = await engine.wait(run, 30)
    await engine.close()
    await ledger.flush(within=5)
    with reading(database) as connection:
        told = [each.as_dict() for each in read_entries(connection)]
    mine = [each["kind"] for each in told if each["body"].get("run") == run]
    sys.stdout.write(json.dumps({"result": info.result, "told": mine}))
    ledger.close()


if __name__ == "__main__":
    uvloop.run(live(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
