"""`inference-pool`: workers that turn a prompt into words."""

import asyncio
import json
import os
import random
import zlib
from pathlib import Path

from opsbook.platforms.helixflow.files import stamp
from opsbook.platforms.helixflow.http_server import (
    Answer,
    HttpServer,
    RefusedError,
    Request,
    json_answer,
)
from opsbook.platforms.helixflow.models import MOST_TOKENS, OFFERED, TOO_LARGE
from opsbook.platforms.helixflow.process import VERSION, Process, run

MOST_WORKERS = 64
_MOST_WAITING = 100
_LOOK_EVERY = 0.05
_SECONDS_PER_WORD = 0.002
_VOCABULARY = """
the a signal node layer vector model graph of in near beyond between carries holds
bends follows repeats slow bright narrow stable early quiet field pattern memory path
""".split()  # noqa: SIM905 - prose, not twenty-eight quoted lines


class InferencePool:
    """MAX_WORKERS requests at a time, also when that changes; the same prompt always gives
    the same words."""

    def __init__(self, process: Process) -> None:
        self._log = process.log
        self._process = process
        self._workers = _max_workers(process)
        self._busy = 0
        self._free = asyncio.Condition()
        self._accepted = 0

    async def follow(self) -> None:
        """Work with as many as the file says, until cancelled."""
        file = self._process.home / "config/MAX_WORKERS"
        seen = stamp(file)
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            if (now := stamp(file)) != seen:
                seen = now
                self._workers = _max_workers(self._process)
                self._log.info("has other workers", count=self._workers)
                async with self._free:
                    self._free.notify_all()

    async def health(self, _: Request) -> Answer:
        return json_answer(
            {
                "status": "ok",
                "version": VERSION,
                "workers": self._workers,
                "busy": self._busy,
                "waiting": self._accepted - self._busy,
            }
        )

    async def generate(self, request: Request) -> Answer:
        """`{"model": …, "prompt": …, "max_tokens": …}` → `{"words": […]}`."""
        try:
            wish = json.loads(request.body)
            model, prompt, count = wish["model"], str(wish["prompt"]), int(wish["max_tokens"])
        except (ValueError, KeyError, TypeError):
            raise RefusedError(400, "give model, prompt and max_tokens") from None
        if not 1 <= count <= MOST_TOKENS:
            raise RefusedError(400, f"max_tokens is not from 1 to {MOST_TOKENS}")
        if model not in OFFERED:
            raise RefusedError(404, f"no such model: {str(model)[:100]!r}")
        if model == TOO_LARGE:
            self._log.error("cannot load model", model=model, reason="out of memory")
            raise RefusedError(503, f"not enough memory for {model}")
        if self._accepted >= self._workers + _MOST_WAITING:
            raise RefusedError(503, "too many requests are waiting")
        return json_answer({"words": await self._work(prompt, count)})

    async def _work(self, prompt: str, count: int) -> list[str]:
        self._accepted += 1
        try:
            async with self._free:
                await self._free.wait_for(lambda: self._busy < self._workers)
                self._busy += 1
            try:
                await asyncio.sleep(count * _SECONDS_PER_WORD)
            finally:
                self._busy -= 1
                async with self._free:
                    self._free.notify()
        finally:
            self._accepted -= 1
        return random.Random(zlib.crc32(prompt.encode())).choices(_VOCABULARY, k=count)  # noqa: S311 - words, not secrets


def _max_workers(process: Process) -> int:
    """From the environment, else from `config/MAX_WORKERS`, else 4; always within limits."""
    file = process.home / "config/MAX_WORKERS"
    told = os.environ.get("MAX_WORKERS") or (file.read_text("ascii") if file.exists() else "4")
    if told.strip().isdecimal() and 1 <= int(told) <= MOST_WORKERS:
        return int(told)
    process.log.error("MAX_WORKERS is not from 1 to 64; using 4", got=told.strip()[:40])
    return 4


async def start(process: Process) -> None:
    pool = InferencePool(process)
    process.background(pool.follow())
    routes = {("GET", "/health"): pool.health, ("POST", "/generate"): pool.generate}
    await HttpServer(process, routes).listen(process.ports.inference)


def main(home: Path) -> None:
    run("inference-pool", home, start)
