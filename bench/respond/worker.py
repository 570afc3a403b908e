"""`python -m bench.respond.worker opsbook|dbos URL SECONDS`: a process that measures itself."""

import asyncio
import json
import resource
import sys
import time
from typing import Any

import uvloop

_STEPS = 300
_RUNS = 200
_STEPS_OF_A_RUN = 5


async def _nothing() -> None:
    return None


async def opsbook(url: str, seconds: float) -> dict[str, Any]:
    """Through the port, as a runbook would."""
    begun = time.perf_counter()
    from opsbook.durable.engines.dbos import DbosEngine
    from opsbook.durable.model import Queue, Submission
    from opsbook.durable.port import Run
    from opsbook.durable.values import Json

    imported = time.perf_counter() - begun

    async def function(run: Run, steps: Json) -> Json:
        assert isinstance(steps, int)
        started = time.perf_counter()
        for number in range(steps):
            await run.step(f"step {number}", _nothing)
        return (time.perf_counter() - started) / max(1, steps)

    queues = [Queue(name, poll=0.05) for name in ("a", "b", "c")]
    first = DbosEngine(url, {"f": function}, queues)
    await first.open()
    await first.close()
    engine = DbosEngine(url, {"f": function}, queues)
    begun = time.perf_counter()
    await engine.open()
    launched = time.perf_counter() - begun
    await engine.submit(Submission("long", "a", "f", _STEPS))
    step = (await engine.wait("long", 60)).result
    begun = time.perf_counter()
    for number in range(_RUNS):
        await engine.submit(Submission(f"r{number}", "b", "f", _STEPS_OF_A_RUN))
    submitted = time.perf_counter() - begun
    for number in range(_RUNS):
        await engine.wait(f"r{number}", 120)
    ran = time.perf_counter() - begun
    await engine.close()
    idle = {}
    for poll in (1.0, 0.5, 0.25):
        engine = DbosEngine(url, {"f": function}, [Queue(q, poll=poll) for q in ("a", "b", "c")])
        await engine.open()
        await asyncio.sleep(2)
        before = time.process_time()
        await asyncio.sleep(seconds)
        idle[str(poll)] = 100 * (time.process_time() - before) / seconds
        await engine.close()
    return {
        "import": imported,
        "launch": launched,
        "step": step,
        "submit": submitted / _RUNS,
        "runs": _RUNS / ran,
        "idle": idle,
    }


def dbos(url: str, seconds: float) -> dict[str, Any]:
    """As its first example has it: synchronous functions, its own settings, its own database."""
    begun = time.perf_counter()
    from dbos import DBOS

    imported = time.perf_counter() - begun

    @DBOS.step()
    def nothing() -> None:
        return None

    @DBOS.workflow()
    def function(steps: int) -> float:
        started = time.perf_counter()
        for _ in range(steps):
            nothing()
        return (time.perf_counter() - started) / max(1, steps)

    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})
    begun = time.perf_counter()
    DBOS.launch()
    launched = time.perf_counter() - begun
    queues = [DBOS.register_queue(name, polling_interval_sec=0.05) for name in ("a", "b", "c")]
    time.sleep(1.5)
    step = queues[0].enqueue(function, _STEPS).get_result(polling_interval_sec=0.1)
    begun = time.perf_counter()
    handles = [queues[1].enqueue(function, _STEPS_OF_A_RUN) for _ in range(_RUNS)]
    submitted = time.perf_counter() - begun
    for handle in handles:
        handle.get_result(polling_interval_sec=0.02)
    ran = time.perf_counter() - begun
    idle = {}
    for poll in (1.0, 0.5, 0.25):
        for queue in queues:
            queue.set_polling_interval_sec(poll)
        time.sleep(2)
        before = time.process_time()
        time.sleep(seconds)
        idle[str(poll)] = 100 * (time.process_time() - before) / seconds
    DBOS.destroy()
    return {
        "import": imported,
        "launch": launched,
        "step": step,
        "submit": submitted / _RUNS,
        "runs": _RUNS / ran,
        "idle": idle,
    }


def main() -> None:
    who, url, seconds = sys.argv[1:]
    if who == "opsbook":
        result = uvloop.run(opsbook(url, float(seconds)))
    else:
        result = dbos(url, float(seconds))
    result["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
