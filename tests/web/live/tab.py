"""A page as the console is one: says what it knows, and takes what it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

Message = dict[str, Any]


class Tab:
    """What it knows, and every text that it was sent."""

    def __init__(self) -> None:
        self.topics: dict[str, dict[str, Any]] = {}
        self.since: dict[str, Any] | None = None
        self.texts: list[str] = []

    def take(self, text: str) -> Message:
        """As console/src/live does, and no change may be missing."""
        self.texts.append(text)
        message: Message = json.loads(text)
        match message["kind"]:
            case "state":
                self.topics = message["topics"]
                self.since = {"epoch": message["epoch"], "seq": message["seq"]}
            case "change":
                assert self.since is not None
                assert message["seq"] == self.since["seq"] + 1
                self.since["seq"] = message["seq"]
                self._change(message)
            case "beat":
                assert self.since is not None
                assert message["seq"] == self.since["seq"]
        return message

    def kinds(self) -> list[str]:
        return [json.loads(each)["kind"] for each in self.texts]

    def _change(self, message: Message) -> None:
        for name, items in message["set"].items():
            self.topics.setdefault(name, {}).update(items)
        for name, keys in message["gone"].items():
            for key in keys:
                del self.topics[name][key]


class OpenTab(Tab):
    """One with its socket."""

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__()
        self.connection = connection

    async def say(self, **asked: Any) -> None:
        await self.connection.send(json.dumps(asked))

    async def hear(self, within: float = 5) -> Message:
        async with asyncio.timeout(within):
            return self.take(str(await self.connection.recv()))

    async def until(self, true: Callable[[Message], Any], within: float = 5) -> Message:
        """The first message of which that is true."""
        async with asyncio.timeout(within):
            while not true(message := await self.hear(within)):
                pass
        return message


@asynccontextmanager
async def a_tab(
    address: str,
    known: Tab | None = None,
    headers: dict[str, str] | None = None,
    origin: str | None = None,
    **asked: Any,
) -> AsyncIterator[OpenTab]:
    """Open, and begun; it goes on from what another one knew."""
    url = address.replace("http", "ws", 1) + "/api/live"
    from_ = Origin(origin or address)
    async with connect(url, origin=from_, additional_headers=headers, proxy=None) as connection:
        tab = OpenTab(connection)
        if known is not None:
            tab.topics, tab.since = known.topics, known.since
        await tab.say(since=tab.since, **asked)
        yield tab
