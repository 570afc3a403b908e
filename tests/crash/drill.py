"""A life of Opsbook with a drill, which dies where it is told to.

Arguments: book, directory, the point at which to die (`before begin`, `after begin`, …;
`nowhere`). It prints `clean` or `hurt` before it carries runs, and at the end how often the
ledger says that the drill ended.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.drills.service import Drills
from opsbook.durable.values import Json
from opsbook.state.database import reading
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import read_entries
from opsbook.web.settings import WebSettings
from tests.services.platform import one_service

ENDS = ("drill.proved", "drill.failed", "drill.refused")


def drilled(directory: Path, lasts: str, url: str | None = None) -> Path:
    """A book with the drill `d`, whose fault is the file `hurt`; `url` of a PostgreSQL."""
    hurt = str(directory / "hurt")
    file = one_service(directory)
    book = json.loads(file.read_text())
    detected = {"within": "300ms", "by": ["a-greets"]}
    book["drills"] = {
        "d": {
            "command": {"inject": ["touch", hurt], "undo": ["rm", "-f", hurt]},
            "lasts": lasts,
            "expect": {"detected": detected, "recovered": {"within": "5s"}},
        }
    }
    if url is not None:
        (directory / "url").write_text(url)
        book["state"] = {"database": f"file:{directory / 'url'}"}
    file.write_text(json.dumps(book))
    return file


def deadly(when: str, action: Callable[..., Awaitable[Json]]) -> Callable[..., Awaitable[Json]]:
    async def step(*words: Any) -> Json:
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await action(*words)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it is dead")

    return step


def arm(drills: Drills, point: str) -> None:
    """Let one step be the last of this process."""
    if point != "nowhere":
        when, name = point.split()
        setattr(drills._drill, name, deadly(when, getattr(drills._drill, name)))


async def live(book: Path, directory: Path, point: str) -> None:
    hurt = directory / "hurt"
    app = App(read_book(book), DataDir(directory / "data"), WebSettings(port=0))
    arm(app.drills, point)
    assert app.runs is not None

    async def tell() -> None:
        say("hurt" if hurt.exists() else "clean")

    app.runs.beforehand(tell)
    watching = asyncio.create_task(app.run())
    await app.runs.opened.wait()
    while app.watch.checks["a-greets"].state != "up":
        await asyncio.sleep(0.01)
    known = await app.runs.engine.find(prefix="drill.")
    run = known[0].id if known else await app.drills.request("d", "ada", "to see")
    await app.runs.engine.wait(run, 30)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    with reading(app.state.engine) as connection:
        ends = sum(entry.kind in ENDS for entry in read_entries(connection))
    for keeper in app.services.keepers.values():
        await keeper.controller.stop()
    say(f"ended {ends}")
    app.close()


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    book, directory, point = sys.argv[1:]
    uvloop.run(live(Path(book), Path(directory), point))
