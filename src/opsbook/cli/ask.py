"""Asking the running watch: plain HTTP from the standard library, for it has to be quick."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from opsbook.core.errors import OpsbookError
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


def ask(address: str, path: str, **parameters: str) -> tuple[int, dict[str, Any]]:
    """Status code and JSON answer. Raises NotRunningError if there is no such answer."""
    parts = urlsplit(address)
    if parts.scheme != "http" or not parts.hostname:
        raise NotRunningError(f"not an http address (got {address!r}): write http://host:port")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request("GET", f"{path}?{urlencode(parameters)}" if parameters else path)
        answer = connection.getresponse()
        body: dict[str, Any] = json.loads(answer.read())
        return answer.status, body
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotRunningError(f"{address} does not answer as opsbook: {error}") from None
    finally:
        connection.close()
