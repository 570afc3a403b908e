"""An answer that comes line by line, for as long as what it tells of goes on."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any

from opsbook.cli.ask import Address, NotRunningError, shown, split
from opsbook.cli.connection import connect

_QUIET = 3600.0
"""Seconds without a line, after which nobody is believed to be there."""


def lines(address: Address, path: str) -> Iterator[dict[str, Any]]:
    """Each line as it comes. Raises NotRunningError if the answer breaks off, BadInputError."""
    parts = split(address)
    connection = connect(parts, _QUIET)
    try:
        answer = _asked(connection, parts.path.rstrip("/") + path)
        if answer.status == 401:
            connection.close()
            answer = _asked(connection, parts.path.rstrip("/") + path, shown(address))
        if answer.status != 200:
            raise NotRunningError(f"{address} answered {answer.status}: {answer.read()!r}")
        while line := answer.readline():
            yield json.loads(line)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotRunningError(f"{address} broke off: {error}") from None
    finally:
        connection.close()


def _asked(
    connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str] | None = None
) -> http.client.HTTPResponse:
    connection.request("GET", path, headers=dict(headers or {}))
    return connection.getresponse()
