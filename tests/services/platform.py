"""A small living platform for tests: real processes, a real watch, a real ledger."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.services.events import ServiceEvent
from opsbook.services.keeper import Keeper
from opsbook.state.database import reading
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import read_entries
from opsbook.web.settings import WebSettings
from tests.servers.loopback import free_port

SERVICE = """
import os, socket, sys, time
port, moods = int(sys.argv[1]), sys.argv[2]
with open(moods + "/starts", "a") as starts:
    starts.write("x")
if os.path.exists(moods + "/die"):
    sys.exit(7)
server = socket.create_server(("127.0.0.1", port))
while True:
    connection, _ = server.accept()
    if not os.path.exists(moods + "/mute"):
        connection.sendall(b"ready\\n")
    connection.close()
"""
"""Greets who connects. A file `die` makes it end at its start, `mute` makes it useless."""


def small_service(directory: Path, name: str, port: int, **settings: Any) -> dict[str, Any]:
    """Settings of one service; its moods are files in `directory/NAME`."""
    (directory / name).mkdir(exist_ok=True)
    command = [sys.executable, "-S", "-c", SERVICE, str(port), str(directory / name)]
    process = {"command": command, "directory": str(directory), "stop_grace": "1s"}
    return {"process": process, "ports": [port], **settings}


def small_book(directory: Path, /, **services: dict[str, Any]) -> Path:
    """A book of such services, each with one check named after it."""
    checks = {}
    for name, settings in services.items():
        port = settings["ports"][0]
        checks[f"{name}-greets"] = {
            "service": name,
            "tcp": {"host": "127.0.0.1", "port": port, "greeting": True},
            "every": "200ms",
            "retry_every": "50ms",
            "timeout": "1s",
            "restart_when_down": True,
            "conditions": {"greeting": {"equals": "ready"}},
        }
    book = {"platform": {"name": "small"}, "services": services, "checks": checks}
    file = directory / "book.yaml"
    file.write_text(json.dumps(book), encoding="utf-8")
    return file


def one_service(directory: Path, **settings: Any) -> Path:
    """A book with the one service `a`."""
    return small_book(directory, a=small_service(directory, "a", free_port(), **settings))


class Platform:
    """A watched platform, and what it announced."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.heard: list[ServiceEvent] = []
        app.bus.subscribe(ServiceEvent, self.heard.append)

    def keeper(self, name: str = "a") -> Keeper:
        return self.app.services.keepers[name]

    def kill(self, name: str = "a", number: int = signal.SIGKILL) -> None:
        os.kill(self.pid(name), number)

    def pid(self, name: str = "a") -> int:
        instance = self.keeper(name).instance
        assert instance is not None
        assert instance.process is not None
        return instance.process.pid

    def of(self, kind: type[ServiceEvent], name: str | None = None) -> list[Any]:
        return [
            event
            for event in self.heard
            if isinstance(event, kind) and name in (None, event.service)
        ]

    async def well(self, *names: str, within: float = 10) -> None:
        async with asyncio.timeout(within):
            for name in names or self.app.services.keepers:
                await self.keeper(name).well.wait()

    async def until(self, kind: type[ServiceEvent], count: int = 1, within: float = 10) -> Any:
        """The event of this kind with this number, counted from 1."""
        async with asyncio.timeout(within):
            while len(self.of(kind)) < count:
                await asyncio.sleep(0.005)
        return self.of(kind)[count - 1]

    def ledger(self, *kinds: str) -> list[dict[str, Any]]:
        with reading(self.app.engine) as connection:
            entries = [entry.as_dict() for entry in read_entries(connection)]
        return [entry for entry in entries if not kinds or entry["kind"] in kinds]


@asynccontextmanager
async def watched(
    book: Path, data: Path, web: WebSettings | None = None, *, leave: bool = False
) -> AsyncIterator[Platform]:
    """Run the watch on a book; at the end its services are stopped unless they are left."""
    app = App(read_book(book), DataDir(data), web or WebSettings(port=0))
    platform = Platform(app)
    task = asyncio.create_task(app.run())
    try:
        yield platform
    finally:
        task.cancel()
        ended = await asyncio.gather(task, return_exceptions=True)
        if not leave:
            for keeper in app.services.keepers.values():
                await keeper.controller.stop()
        app.close()
    assert isinstance(ended[0], asyncio.CancelledError), ended[0]
