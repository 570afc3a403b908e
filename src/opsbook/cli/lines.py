"""An answer that comes line by line, for as long as what it tells of goes on."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from opsbook.cli.ask import Address, NotRunningError

_QUIET = 3600.0
"""Seconds without a line, after which nobody is believed to be there."""


def lines(address: Address, path: str) -> Iterator[dict[str, Any]]:
    """Each line as it comes. Raises NotRunningError if the answer breaks off."""
    parts = urlsplit(address.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_QUIET)
    try:
        connection.request("GET", parts.path.rstrip("/") + path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise NotRunningError(f"{address} answered {answer.status}: {answer.read()!r}")
        while line := answer.readline():
            yield json.loads(line)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotRunningError(f"{address} broke off: {error}") from None
    finally:
        connection.close()
