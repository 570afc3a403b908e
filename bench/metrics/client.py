"""HTTP as a client with one open connection speaks it, and how long an answer takes."""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

_SECONDS = 120


class Client:
    """One connection to one server. Raises RuntimeError where the answer is no success."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)

    def get(self, path: str, given: Mapping[str, str]) -> bytes:
        self._connection.request("GET", f"{path}?{urlencode(given)}")
        return self._answer(path)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        self._connection.request("POST", path, body, dict(headers))
        return self._answer(path)

    def timed(self, path: str, given: Mapping[str, str]) -> float:
        """Seconds from the request until the whole answer is there."""
        begun = time.perf_counter()
        self.get(path, given)
        return time.perf_counter() - begun

    def close(self) -> None:
        self._connection.close()

    def _answer(self, path: str) -> bytes:
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: HTTP {answer.status}: {content[:300]!r}")
        return content


def results(content: bytes) -> list[dict[str, Any]]:
    """The series of an answer of the query API."""
    found: list[dict[str, Any]] = json.loads(content)["data"]["result"]
    return found
