"""`python -m bench.respond.platform URL PLACE COUNT`: a watch that answers deaths with runs.

URL is `sqlite` or that of an empty PostgreSQL database, for the state and for the runs.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import uvloop

from bench.alerts.hook import Hook, hook
from bench.service import Service, build, service
from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.app.hands import AppHands, Rooms
from opsbook.app.runs import DurableRuns, make_engine
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.model import Submission
from opsbook.durable.port import Run
from opsbook.durable.values import Json
from opsbook.runbooks.interpreter import RUNS
from opsbook.services.events import ServiceDied, ServiceVerified
from opsbook.state.database import sqlite_url
from opsbook.state.datadir import DataDir
from opsbook.web.settings import WebSettings

_WITHIN = 60.0
_PAUSE = 0.5


class Response:
    """A run at each death, and a notice when the service is proved to be back."""

    def __init__(self, app: App, runs: DurableRuns) -> None:
        rooms = Rooms(app.watch, app.measuring.querier, app.services, app.alerts.delivery)
        self._hands = AppHands(rooms, runs.jobs, ".", app.clock)
        self._runs = runs
        self._tasks: set[asyncio.Task[object]] = set()
        self.number = 0
        self.begun: asyncio.Queue[float] = asyncio.Queue()
        self.verified = asyncio.Event()
        runs.carry({"respond": self._respond, "wait": self._wait})
        app.bus.subscribe(ServiceDied, self._died)
        app.bus.subscribe(ServiceVerified, self._is_back)

    async def _respond(self, run: Run, _: Json) -> Json:
        return await run.step("begin", self._begin)

    async def _wait(self, run: Run, _: Json) -> Json:
        await run.wait_for("approval", _WITHIN)
        return await run.step("approved", self._begin)

    async def _begin(self) -> Json:
        self.begun.put_nowait(time.perf_counter())
        return None

    def _died(self, _: ServiceDied) -> None:
        submission = Submission(f"response-{self.number}", RUNS.name, "respond")
        self._keep(asyncio.create_task(self._runs.engine.submit(submission)))

    def _is_back(self, _: ServiceVerified) -> None:
        self.verified.set()
        if self.number:
            key = f"back-{self.number}."
            told = self._hands.notify("team", "it is back", key, key)
            self._keep(asyncio.create_task(told))

    def _keep(self, task: "asyncio.Task[str]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def measure(app: App, runs: DurableRuns, heard: Hook, count: int) -> dict[str, list[float]]:
    """Milliseconds by what was timed."""
    response = Response(app, runs)
    tasks = [asyncio.create_task(app.run()), asyncio.create_task(runs.run())]
    times: dict[str, list[float]] = defaultdict(list)
    try:
        await asyncio.wait_for(runs.opened.wait(), _WITHIN)
        await asyncio.wait_for(response.verified.wait(), _WITHIN)
        for number in range(1, count + 1):
            await _kill(app, response, heard, number, times)
            await _approve(runs, response, number, times)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return times


async def _kill(
    app: App, response: Response, heard: Hook, number: int, times: dict[str, list[float]]
) -> None:
    instance = app.services.keepers["tiny"].instance
    assert instance is not None
    assert instance.process is not None
    # At no fixed place in the queue's look for new runs.
    await asyncio.sleep(_PAUSE + number % 7 * 0.037)
    response.number = number
    killed = time.perf_counter()
    os.kill(instance.process.pid, signal.SIGKILL)
    begun = await asyncio.wait_for(response.begun.get(), _WITHIN)
    times["SIGKILL → first step of a run"].append((begun - killed) * 1e3)
    arrived = await asyncio.to_thread(heard.first, f"back-{number}.".encode())
    times["SIGKILL → notice that it is back"].append((arrived - killed) * 1e3)


async def _approve(
    runs: DurableRuns, response: Response, number: int, times: dict[str, list[float]]
) -> None:
    run = f"approval-{number}"
    await runs.engine.submit(Submission(run, RUNS.name, "wait"))
    while not (await runs.engine.show(run)).steps:  # noqa: ASYNC110 - the run is elsewhere
        await asyncio.sleep(0.05)
    await asyncio.sleep(_PAUSE)
    said = time.perf_counter()
    await runs.engine.signal(run, "approval", "yes", f"{run}.yes")
    begun = await asyncio.wait_for(response.begun.get(), _WITHIN)
    times["approval → next step"].append((begun - said) * 1e3)


def _book(place: Path, url: str, tiny: Service, port: int) -> Path:
    receivers = [{"name": "team", "webhook_configs": [{"url": f"http://127.0.0.1:{port}/"}]}]
    restart = {"at_most": 1000, "per": "1m", "backoff": ["0s"]}
    book = {
        "platform": {"name": "bench-respond"},
        "services": {"tiny": {"process": {"command": list(tiny.words)}, "restart": restart}},
        "checks": {"answers": {"service": "tiny", "http": {"url": tiny.url}, "every": "1s"}},
        "alerts": {"route": {"receiver": "team"}, "receivers": receivers},
    }
    if url != "sqlite":
        os.environ["BENCH_STATE"] = url
        book["state"] = {"database": "env:BENCH_STATE"}
    file = place / "book.yaml"
    file.write_text(json.dumps(book), encoding="utf-8")
    return file


def main() -> None:
    url, place, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    tiny = service(build(place))
    with ExitStack() as ending:
        heard = ending.enter_context(hook())
        ending.callback(tiny.end)
        book = read_book(_book(place, url, tiny, heard.port))
        data = DataDir(place / "data")
        app = App(book, data, WebSettings(port=0))
        ending.callback(app.close)
        engine = make_engine(sqlite_url(data.runs) if url == "sqlite" else app.state.url, [RUNS])
        runs = DurableRuns(engine, Jobs(data.jobs), app.clock)
        times = uvloop.run(measure(app, runs, heard, count))
    sys.stdout.write(json.dumps(times) + "\n")


if __name__ == "__main__":
    main()
