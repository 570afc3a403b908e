"""A life of alerting in which one alert fires and ends, and again, and that dies where it is told.

Arguments: database URL, directory. It kills itself once at each point: a life dies at the first
at which none died before.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opsbook.alerts import store
from opsbook.alerts.delivery.chronicle import Chronicle
from opsbook.alerts.delivery.intake import Report, admitted
from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.delivery.setup import Receiver, Setup
from opsbook.alerts.routing.route import Branch, plant
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.core.clock import SystemClock
from opsbook.state.chain import Entry
from opsbook.state.database import connect, reading
from opsbook.state.ledger import Ledger, read_entries

POINTS = {
    "fire accepted",
    "end accepted",
    "end at once accepted",
    "fire at once accepted",
    "fired",
    "ended",
    "alert.firing",
    "alert.resolved",
}
"""`fired` and `ended`: it is known, and nobody was told."""
LABELS = {"alertname": "Flaps"}


class Life:
    """One alert; what happens next is told by what the ledger has of it."""

    def __init__(self, directory: Path, database: str) -> None:
        self._directory, self._clock = directory, SystemClock()
        self._phase = ""
        self._arm()
        self.engine = connect(database)
        self.ledger = Ledger(self.engine, self._clock)
        setup = Setup(
            plant(Branch(receiver="nobody")),
            {"nobody": Receiver("nobody", {})},
            NoticeTemplates(()),
        )
        self.alerting = Alerting(setup, self.engine, self.ledger, self._clock, "http://opsbook")

    async def go(self) -> None:
        """Until it has fired four times, and ended thrice: twice it ends and fires at once, for
        one who dies at that end finds nothing to fire at once."""
        while True:
            match await self._told():
                case (4, 3):
                    return
                case (1, 0):
                    await self._end("end")
                case (2, 1) | (3, 2):
                    await self._end("end at once")
                    await self._fire("fire at once")
                case (fired, ended) if fired == ended:
                    await self._fire("fire")
                case other:
                    raise AssertionError(f"the ledger has it {other} times")

    async def _told(self) -> tuple[int, int]:
        """How often the ledger has it that it fired, and that it ended, once all is looked at."""
        await self.alerting.keep_house()
        while self.alerting.busy or self.ledger.waiting:
            await asyncio.sleep(0.01)
        with reading(self.engine) as connection:
            found = Counter(entry.kind for entry in read_entries(connection))
        return found["alert.firing"], found["alert.resolved"]

    async def _fire(self, phase: str) -> None:
        now = self._clock.now()
        await self._report(phase, Report(LABELS, {}, now, now + 3600))

    async def _end(self, phase: str) -> None:
        (alert,) = self.alerting.board.alerts.values()
        await self._report(phase, Report(LABELS, {}, alert.starts_at, self._clock.now()))

    async def _report(self, phase: str, report: Report) -> None:
        self._phase = phase
        await self.alerting.put([admitted(report, self._clock.now(), 300.0)])

    def _arm(self) -> None:
        self._behind(store, "save_alerts", lambda: f"{self._phase} accepted")
        self._behind(Chronicle, "fired", lambda: "fired")
        self._behind(Chronicle, "ended", lambda: "ended")
        record = Ledger.record

        def deadly(ledger: Ledger, kind: str, *words: Any, **body: Any) -> Any:
            written: asyncio.Future[Entry] = record(ledger, kind, *words, **body)
            written.add_done_callback(lambda _: self._reach(kind))
            return written

        Ledger.record = deadly  # type: ignore[assignment, method-assign]

    def _behind(self, owner: Any, name: str, point: Callable[[], str]) -> None:
        before = getattr(owner, name)

        def called(*words: Any) -> None:
            before(*words)
            self._reach(point())

        setattr(owner, name, called)

    def _reach(self, point: str) -> None:
        try:
            (self._directory / point).touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


async def live(database: str, directory: Path) -> None:
    life = Life(directory, database)
    running = asyncio.create_task(life.alerting.run())
    await asyncio.sleep(0)  # it begins with what an earlier life could not say any more
    async with asyncio.timeout(20):
        await life.go()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    life.ledger.close()
    life.engine.dispose()


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], Path(sys.argv[2])))
