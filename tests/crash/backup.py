"""A life of Opsbook's backups, which dies where it is told to.

CRASH_STATE is the URL of a database for the state, and CRASH_SOURCE of one that is backed up
instead of the one of SQLite, with CRASH_BIN and CRASH_FORMAT.
"""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy.engine import URL, make_url

from opsbook.backups import vault as vault_module
from opsbook.backups import verification as verification_module
from opsbook.backups.copies import Copies
from opsbook.backups.pipeline import Pipeline
from opsbook.backups.sending import Sending
from opsbook.backups.service import Backups
from opsbook.backups.settings import BackupSettings, backup_settings_for
from opsbook.backups.vault import Vault
from opsbook.backups.verification import Depth
from opsbook.core.clock import SystemClock
from opsbook.durable.engines.dbos import DbosEngine
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import Ledger, read_entries
from tests.backups.scene import place, settings
from tests.crash.loading import while_dumping, while_loading, while_streaming

RESULT = "result.json"
"""In the directory of a life: what came of it."""
RULES: dict[str, Any] = {"retention": {"last": 1, "at_least": 1}, "drill": {"every": "7d"}}


def two(directory: Path) -> dict[str, Any]:
    """The same, kept in two places."""
    places = {name: place(directory / name) for name in ("a", "b")}
    return {**RULES, "destinations": places, "to": ["a", "b"]}


def state_url(directory: Path, name: str) -> URL:
    """Of the state, or of the runs."""
    shared = os.environ.get("CRASH_STATE")
    if shared is None:
        return sqlite_url(directory / f"{name}.db")
    return make_url(shared).set(drivername="postgresql+psycopg")


def known(directory: Path, *, copied: bool = False) -> BackupSettings:
    """One set, `orders`, of SQLite or of PostgreSQL."""
    source = os.environ.get("CRASH_SOURCE")
    if source is None:
        return settings(directory, **(two(directory) if copied else RULES))
    programs = {"bin": os.environ["CRASH_BIN"], "format": os.environ["CRASH_FORMAT"]}
    url = directory / "url"
    url.write_text(source)
    where = {"database": f"file:{url}", "rehearse_on": f"file:{url}", "roles": False}
    orders = {"postgres": {**where, **programs}, "to": ["a"], **RULES}
    section = {"destinations": {"a": place(directory / "a")}, "sets": {"orders": orders}}
    made: BackupSettings = backup_settings_for(section).model_validate(section)
    return made


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
    if when == "amid":
        arm_program(name)
        return
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


def arm_program(name: str) -> None:
    """Die while a program of PostgreSQL is in the middle of its work."""
    source = os.environ["CRASH_SOURCE"]
    if name == "pg_restore":
        while_loading(source, lambda _: die())
    elif name == "waiting":
        while_dumping(source, die)
    else:
        while_streaming(die)


async def live(directory: Path, action: str, point: str) -> None:
    database, clock = connect(state_url(directory, "state")), SystemClock()
    ledger = Ledger(database, clock)
    sets = known(directory, copied=action == "copy")
    vault = Vault("shop", sets, database, directory / "scratch", clock)
    backups = Backups(vault, database, ledger, clock)
    arm(backups, point)
    engine = DbosEngine(state_url(directory, "runs"), backups.functions, [*backups.queues])
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
    (directory / RESULT).write_text(json.dumps({"result": info.result, "told": mine}))
    ledger.close()


def begin(directory: Path, action: str, point: str, environment: Mapping[str, str]) -> None:
    """What is done is `backup`, `restore` or `copy`, from `a` to `b`; the point at which to die,
    `before make`, `after remove`, …; `nowhere`."""
    os.environ |= environment
    uvloop.run(live(directory, action, point))
