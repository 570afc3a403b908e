"""Asking the running watch: plain HTTP from the standard library, for it has to be quick."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.state.datadir import DataDir


class NotRunningError(OpsbookError):
    """Nobody answers who could be asked."""

    exit_code = 3


def address_of(data: DataDir, url: str | None) -> str:
    """Where to ask. Raises NotRunningError if nothing runs on the data directory."""
    address = url or data.address()
    if address is None:
        raise NotRunningError(f"no opsbook runs on {data.path}; start one with `opsbook up BOOK`")
    return address


def ask(address: str, path: str, **parameters: str) -> tuple[int, Any]:
    """Status code and JSON answer. Raises NotRunningError if there is no such answer."""
    return _send("GET", address, f"{path}?{urlencode(parameters)}" if parameters else path)


def tell(address: str, path: str, body: Mapping[str, Any] | None, method: str = "POST") -> Any:
    """The answer to a change. Raises BadInputError where it is refused, NotRunningError."""
    status, answer = _send(method, address, path, json.dumps(body) if body is not None else None)
    if status != 200:
        said = answer.get("detail", answer) if isinstance(answer, dict) else answer
        raise BadInputError(f"refused: {said}")
    return answer


def _send(method: str, address: str, path: str, body: str | None = None) -> tuple[int, Any]:
    parts = urlsplit(address)
    if parts.scheme != "http" or not parts.hostname:
        raise NotRunningError(f"not an http address (got {address!r}): write http://host:port")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, parts.path.rstrip("/") + path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotRunningError(f"{address} does not answer as opsbook: {error}") from None
    finally:
        connection.close()
