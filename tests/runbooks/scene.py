"""Runbooks over a real database and the engine in memory, on a host that writes down its orders."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

from opsbook.core.clock import Clock, SystemClock
from opsbook.core.errors import BadInputError
from opsbook.durable.engines.memory import Memory, MemoryEngine
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.model import RunInfo
from opsbook.durable.port import Engine
from opsbook.runbooks.hands import Hands, Ordered, Verb
from opsbook.runbooks.interpreter import RUNS
from opsbook.runbooks.model import Request, RunView
from opsbook.runbooks.service import Runbooks
from opsbook.runbooks.settings import RunbookSettings, runbook_type
from opsbook.state.chain import Entry
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import Ledger, read_entries
from opsbook.state.people import Person, Role

ANNA = Person("anna", Role.OPERATOR)
BERT = Person("bert", Role.APPROVER)
VERA = Person("vera", Role.VIEWER)


def book(directory: Path, **runbooks: Mapping[str, Any]) -> dict[str, RunbookSettings]:
    """Runbooks as a book has them; underscores of their names are dashes."""
    context = {"directory": directory}
    return {
        name.replace("_", "-"): runbook_type().model_validate(each, context=context)
        for name, each in runbooks.items()
    }


def mark(text: str, **more: Any) -> dict[str, Any]:
    """A step that restarts a service, with what proves it and what takes it back."""
    return {
        "name": text,
        "service": {"restart": text},
        "verify": {"within": "200ms", "every": "20ms", "steps": [seen(text)]},
        "rollback": [
            {
                "name": "back",
                "service": {"start": text},
                "verify": {"within": "1s", "steps": [seen(f"not_{text}")]},
            }
        ],
        **more,
    }


def seen(text: str) -> dict[str, Any]:
    """A step that looks whether something was written."""
    return {"query": {"expression": text}}


class Alone(Hands):
    """A host that writes what was ordered into a file, and measures what stands there."""

    def __init__(self, directory: Path) -> None:
        self.clock: Clock = SystemClock()
        self.jobs = Jobs(directory / "jobs")
        self.directory = str(directory)
        self.failing: dict[str, int] = {}
        """Service → how many of its next orders fail, but for starts."""
        self.file = directory / "effects"

    def effects(self) -> list[str]:
        return self.file.read_text().splitlines() if self.file.exists() else []

    def write(self, text: str) -> None:
        with self.file.open("a") as opened:
            opened.write(f"{text}\n")

    async def look(self, check: str) -> NoReturn:
        raise BadInputError("no checks here")

    async def query(self, expression: str) -> Sequence[tuple[Mapping[str, str], float]]:
        times = self.effects().count(expression)
        return [({}, float(times))] if times else []

    async def standing(self, service: str) -> str:
        return f"ordered {self.effects().count(service)} times"

    async def replicas(self, service: str) -> int | None:
        return None

    async def order(
        self, service: str, verb: Verb, *, by: str, why: str, key: str, replicas: int | None = None
    ) -> Ordered:
        before = await self.standing(service)
        if verb != "start" and self.failing.get(service):
            self.failing[service] -= 1
            raise BadInputError(f"{service} was told to fail")
        self.write(f"not_{service}" if verb == "start" else service)
        return Ordered(True, before, await self.standing(service))

    async def notify(self, receiver: str, subject: str, text: str, key: str) -> str:
        return "ok"


class Scene:
    """One life of the service, or several on the same memory and database."""

    def __init__(
        self, hands: Alone, runbooks: Runbooks, engine: Engine, ledger: Ledger, state: Any
    ) -> None:
        self.hands, self.runbooks, self.engine = hands, runbooks, engine
        self.ledger, self.state = ledger, state

    async def run(self, name: str, **more: Any) -> str:
        wanted = {"by": ANNA, "why": "a test", "confirm": name, **more}
        return await self.runbooks.request(Request(name, **wanted))

    async def waits(self, run: str, kind: str | None = None) -> RunView:
        """The run when it waits for something of that kind, or for anything."""
        async with asyncio.timeout(5):
            while True:
                view = await self.runbooks.show(run)
                if view.waiting is not None and kind in (None, view.waiting.kind):
                    return view
                assert not view.state.ended, view.error
                await asyncio.sleep(0.01)

    async def ended(self, run: str, within: float = 10) -> RunView:
        await self.engine.wait(run, within)
        return await self.runbooks.show(run)

    async def carried(self, name: str, **more: Any) -> RunView:
        return await self.ended(await self.run(name, **more))

    async def recorded(self, run: str) -> RunInfo:
        return await self.engine.show(run)

    def effects(self) -> list[str]:
        """What was written, in order."""
        return self.hands.effects()

    async def entries(self, kind: str | None = None, subject: str | None = None) -> list[Entry]:
        assert await self.ledger.flush(5)
        with reading(self.state) as connection:
            return list(read_entries(connection, kind=kind, subject=subject))

    async def kinds(self, run: str) -> list[str]:
        """What the ledger tells of a run, by kind, in order."""
        return [entry.kind for entry in await self.entries(subject=run)]


@asynccontextmanager
async def scene(
    directory: Path,
    runbooks: Mapping[str, RunbookSettings],
    memory: Memory | None = None,
    clock: Clock | None = None,
    hands: Alone | None = None,
) -> AsyncIterator[Scene]:
    hands = hands or Alone(directory)
    hands.clock = clock or hands.clock
    state = connect(sqlite_url(directory / "state.db"))
    ledger = Ledger(state, hands.clock)
    service = Runbooks(runbooks, ["api", "db"], hands, state, ledger, hands.clock, "here")
    queues = [RUNS]
    engine = MemoryEngine(memory or Memory(), service.functions, queues)
    service.use(engine)
    await engine.open()
    await service.open()
    try:
        yield Scene(hands, service, engine, ledger, state)
    finally:
        await engine.close()
        hands.jobs.close()
        ledger.close()
        state.dispose()
