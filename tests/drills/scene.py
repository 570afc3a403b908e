"""A watched platform with drills, and an engine that carries them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from opsbook.app.drills import make_drills
from opsbook.drills.fault import fault_kinds
from opsbook.drills.service import Drills
from opsbook.drills.settings import DrillSettings, drill_settings_type
from opsbook.durable.engines.memory import Memory, MemoryEngine
from opsbook.durable.model import RunInfo
from opsbook.durable.port import Engine
from tests.services.platform import Platform, watched

EXPECT = {"detected": {"within": "5s"}, "recovered": {"within": "10s"}}


def settings(directory: Path, **drills: Mapping[str, Any]) -> dict[str, DrillSettings]:
    """Drills as a book declares them; `_` in a name stands for `-`."""
    cls = drill_settings_type(fault_kinds.names())
    context = {"directory": directory}
    return {
        name.replace("_", "-"): cls.model_validate({"expect": EXPECT, **each}, context=context)
        for name, each in drills.items()
    }


class Scene:
    """The platform, its drills, and who carries them."""

    def __init__(self, platform: Platform, drills: Drills, engine: Engine) -> None:
        self.platform = platform
        self.drills = drills
        self.engine = engine

    async def run(self, name: str, within: float = 30.0) -> RunInfo:
        """A drill from the wish to its end."""
        run = await self.drills.request(name, "ada", "to see")
        return await self.engine.wait(run, within)

    async def result(self, name: str, within: float = 30.0) -> dict[str, Any]:
        info = await self.run(name, within)
        assert isinstance(info.result, dict), info
        return dict(info.result)

    def ledger(self, *kinds: str) -> list[dict[str, Any]]:
        return self.platform.ledger(*kinds)


@asynccontextmanager
async def scene(
    book: Path,
    data: Path,
    drills: Mapping[str, DrillSettings],
    production: Callable[[str | None], bool] = lambda _: False,
    settled: float = 10.0,
) -> AsyncIterator[Scene]:
    """Everything well, and nothing hurt yet."""
    async with watched(book, data) as platform:
        app = platform.app
        found = make_drills(
            drills,
            production,
            app.data,
            app.watch,
            app.services,
            app.engine,
            app.ledger,
            app.bus,
            app.clock,
        )
        engine = MemoryEngine(Memory(), found.functions, list(found.queues))
        found.connect(engine)
        await found.start()
        await engine.open()
        turning = asyncio.create_task(found.run())
        try:
            await platform.well(within=settled)
            yield Scene(platform, found, engine)
        finally:
            turning.cancel()
            await asyncio.gather(turning, return_exceptions=True)
            await engine.close()
            found.close()


async def wait_until_up(found: Scene, within: float = 10.0) -> None:
    """Until every check is; fails with those that are not."""
    deadline = time.monotonic() + within
    while left := _not_up(found):
        assert time.monotonic() < deadline, left
        await asyncio.sleep(0.01)


def _not_up(found: Scene) -> dict[str, object]:
    checks = found.platform.app.watch.checks.values()
    return {check.name: check.outcome for check in checks if check.state != "up"}
