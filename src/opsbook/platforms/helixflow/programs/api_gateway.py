"""`api-gateway`: the OpenAI-compatible API over TLS."""

import asyncio
import contextlib
import json
import ssl
import time
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsbook.platforms.helixflow.http_client import NoAnswerError, ask
from opsbook.platforms.helixflow.http_server import (
    Answer,
    HttpServer,
    RefusedError,
    Request,
    json_answer,
)
from opsbook.platforms.helixflow.models import MOST_TOKENS, OFFERED
from opsbook.platforms.helixflow.process import VERSION, Process, run
from opsbook.platforms.helixflow.requests_table import RequestsTable

_WORD_SECONDS = 0.01
_UPSTREAM_SECONDS = 0.5


@dataclass(slots=True)
class Wish:
    """What a client asks for; what it did not say yet is empty."""

    model: str = ""
    prompt: str = ""
    max_tokens: int = 16
    stream: bool = False

    def read(self, body: bytes) -> None:
        """Raises RefusedError for what is no completion request."""
        try:
            said = json.loads(body)
            self.model = str(said["model"])[:100]
            self.prompt = "\n".join(str(each["content"]) for each in said["messages"])
            self.max_tokens = int(said.get("max_tokens", self.max_tokens))
            self.stream = said.get("stream", False) is True
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RefusedError(400, "give model, and messages with content") from None
        if not self.prompt or not 1 <= self.max_tokens <= MOST_TOKENS:
            raise RefusedError(400, f"give a message, and max_tokens from 1 to {MOST_TOKENS}")


class ApiGateway:
    """Asks auth-service and inference-pool for each request and records how it ended."""

    def __init__(self, process: Process, table: RequestsTable) -> None:
        self._process = process
        self._upstreams = {
            "auth-service": process.ports.auth,
            "inference-pool": process.ports.inference,
        }
        self._table = table

    async def health(self, _: Request) -> Answer:
        """200 while the gateway itself works; `degraded` when something behind it does not."""
        states = await asyncio.gather(*map(_state, self._upstreams.values()))
        status = "ok" if set(states) == {"ok"} else "degraded"
        checks = dict(zip(self._upstreams, states, strict=True))
        return json_answer({"status": status, "version": VERSION, "checks": checks})

    async def models(self, request: Request) -> Answer:
        await self._authorize(request)
        listed = [
            {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "helixflow"}
            for name in OFFERED
        ]
        return json_answer({"object": "list", "data": listed})

    async def complete(self, request: Request) -> Answer:
        began, wish = request.at, Wish()
        try:
            wish.read(request.body)
            await self._authorize(request)
            words = await self._generate(wish)
        except RefusedError as refused:
            self._process.log.error(
                "completion failed", model=wish.model, status=refused.status, reason=refused
            )
            await self._record(wish, began, 0, ok=False)
            raise
        if wish.stream:
            stream = self._stream(wish, words, began)
            return Answer(200, content_type="text/event-stream", stream=stream)
        await self._record(wish, began, len(words), ok=True)
        return json_answer(_completion(wish, words, self._process.clock.now()))

    async def _authorize(self, request: Request) -> None:
        """Raises RefusedError unless auth-service accepts the token, or that there is none."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        token = given.strip() if scheme.lower() == "bearer" else None
        status, answer = await self._ask("auth-service", "/verify", {"token": token})
        if status != 200:
            known = status == 401
            reason = answer.get("reason", "") if known else f"auth-service answers {status}"
            raise RefusedError(401 if known else 503, reason)

    async def _generate(self, wish: Wish) -> list[str]:
        content = {"model": wish.model, "prompt": wish.prompt, "max_tokens": wish.max_tokens}
        status, answer = await self._ask("inference-pool", "/generate", content)
        if status != 200:
            reason = answer.get("error", {}).get("message", f"inference-pool answers {status}")
            raise RefusedError(status if status in (400, 404, 503) else 502, reason)
        words: list[str] = answer["words"]
        return words

    async def _ask(self, service: str, path: str, content: Any) -> tuple[int, Any]:
        try:
            status, body = await ask(self._upstreams[service], path, content, within=5.0)
            return status, json.loads(body)
        except (NoAnswerError, ValueError) as error:
            raise RefusedError(503, f"{service}: {error}") from None

    async def _stream(
        self, wish: Wish, words: list[str], began: float
    ) -> AsyncGenerator[bytes, None]:
        """Server-sent events, a word at a time; recorded as an error if the client leaves."""
        base = {"id": _new_id(), "created": int(self._process.clock.now()), "model": wish.model}
        said = 0
        try:
            yield _event(base, {"role": "assistant", "content": ""})
            for word in words:
                yield _event(base, {"content": f" {word}" if said else word})
                said += 1
                await asyncio.sleep(_WORD_SECONDS)
            yield _event(base, {}, "stop") + b"data: [DONE]\n\n"
        finally:
            await self._record(wish, began, said, ok=said == len(words))

    async def _record(self, wish: Wish, began: float, tokens: int, *, ok: bool) -> None:
        took = (time.perf_counter() - began) * 1e3
        await self._table.add(took, "ok" if ok else "error", wish.model, tokens)


async def _state(port: int) -> str:
    try:
        status, _ = await ask(port, "/health", within=_UPSTREAM_SECONDS)
    except NoAnswerError as error:
        return str(error)
    return "ok" if status == 200 else f"answers {status}"


def _new_id() -> str:
    return f"chatcmpl-{uuid.uuid4().hex}"


def _completion(wish: Wish, words: list[str], now: float) -> dict[str, Any]:
    prompt, said = len(wish.prompt.split()), len(words)
    message = {"role": "assistant", "content": " ".join(words)}
    return {
        "id": _new_id(),
        "object": "chat.completion",
        "created": int(now),
        "model": wish.model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": said,
            "total_tokens": prompt + said,
        },
    }


def _event(base: dict[str, Any], delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {**base, "object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


async def _serve_renewed_certificates(process: Process, tls: ssl.SSLContext) -> None:
    """New connections get the certificate that is in the file now."""
    file = process.home / "certs/api-gateway.crt"
    served = file.stat().st_mtime_ns
    while True:
        await asyncio.sleep(0.05)
        with contextlib.suppress(FileNotFoundError):
            found = file.stat().st_mtime_ns
            if found == served:
                continue
            served = found
            try:
                tls.load_cert_chain(file, file.with_suffix(".key"))
                process.log.info("certificate loaded", file=file)
            except ssl.SSLError as error:
                process.log.error("certificate refused", file=file, reason=error)


async def start(process: Process) -> None:
    certificate = process.home / "certs/api-gateway.crt"
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, certificate.with_suffix(".key"))
    table = RequestsTable(process.home / "data/helixflow.db", process.log)
    process.at_end.push_async_callback(table.close)
    gateway = ApiGateway(process, table)
    routes = {
        ("GET", "/health"): gateway.health,
        ("GET", "/v1/models"): gateway.models,
        ("POST", "/v1/chat/completions"): gateway.complete,
    }
    await HttpServer(process, routes).listen(process.ports.gateway, tls)
    process.background(_serve_renewed_certificates(process, tls))


def main(home: Path) -> None:
    run("api-gateway", home, start)
