"""`auth-service`: says whose token it is."""

import hmac
import json
import os
from pathlib import Path

from opsbook.platforms.helixflow.http_server import Answer, HttpServer, Request, json_answer
from opsbook.platforms.helixflow.process import VERSION, Process, run


class AuthService:
    """Knows the one token in `config/token`; REQUIRE_TOKEN=1 turns the anonymous away."""

    def __init__(self, process: Process) -> None:
        self._log = process.log
        self._token = (process.home / "config/token").read_text(encoding="ascii").strip()
        self._required = os.environ.get("REQUIRE_TOKEN", "0") == "1"

    async def health(self, _: Request) -> Answer:
        return json_answer({"status": "ok", "version": VERSION, "anonymous": not self._required})

    async def verify(self, request: Request) -> Answer:
        """`{"token": text or null}` → `{"valid": bool, "subject": text}`, 401 if not valid."""
        try:
            token = json.loads(request.body)["token"]
        except (ValueError, KeyError, TypeError):
            return json_answer({"valid": False, "reason": "give a token or null"}, 400)
        if token is None and not self._required:
            return json_answer({"valid": True, "subject": "anonymous"})
        if isinstance(token, str) and hmac.compare_digest(token.encode(), self._token.encode()):
            return json_answer({"valid": True, "subject": "operator"})
        self._log.warning("token refused", reason="none given" if token is None else "unknown")
        return json_answer({"valid": False, "reason": "the token is missing or not known"}, 401)


async def start(process: Process) -> None:
    service = AuthService(process)
    routes = {("GET", "/health"): service.health, ("POST", "/verify"): service.verify}
    await HttpServer(process, routes).listen(process.ports.auth)


def main(home: Path) -> None:
    run("auth-service", home, start)
