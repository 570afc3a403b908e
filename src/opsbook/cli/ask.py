"""Asking the running watch: HTTP from the standard library, for it has to be quick."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from opsbook.cli.bearer import bearer
from opsbook.cli.connection import connect
from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.state.datadir import DataDir


class NotRunningError(OpsbookError):
    """Nobody answers who could be asked."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Address:
    """Where to ask. `data` is the directory whose process answers there, if that is known."""

    url: str
    data: DataDir | None

    def __str__(self) -> str:
        return self.url


def address_of(data: DataDir, url: str | None) -> Address:
    """Where to ask. Raises NotRunningError if nothing runs on the data directory."""
    own = data.address()
    if url is None and own is None:
        raise NotRunningError(f"no opsbook runs on {data.path}; start one with `opsbook up BOOK`")
    # What is kept in the directory is for the process there, and for no other that is named.
    return Address(url or own or "", data if url in (None, own) else None)


def ask(address: Address, path: str, **parameters: str) -> tuple[int, Any]:
    """Status code and JSON answer. Whoever answers only who is known is asked again, with the
    token. Raises NotRunningError if there is no such answer, BadInputError."""
    path = f"{path}?{urlencode(parameters)}" if parameters else path
    status, answer = _send("GET", address, path)
    return _send("GET", address, path, None, shown(address)) if status == 401 else (status, answer)


def tell(address: Address, path: str, body: Mapping[str, Any] | None, method: str = "POST") -> Any:
    """The answer to a change, which is sent with the token of whoever asks for it.

    Raises BadInputError where it is refused or there is no token, NotRunningError.
    """
    text = json.dumps(body) if body is not None else None
    status, answer = _send(method, address, path, text, shown(address))
    if status != 200:
        said = answer.get("detail", answer) if isinstance(answer, dict) else answer
        raise BadInputError(f"refused: {said}")
    return answer


def shown(address: Address) -> dict[str, str]:
    """The header with the token of whoever asks. Raises BadInputError where there is none."""
    return {"Authorization": f"Bearer {bearer(address.url, address.data)}"}


def split(address: Address) -> SplitResult:
    """Raises NotRunningError for what is no address."""
    parts = urlsplit(address.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotRunningError(f"not an http address (got {address.url!r}): write http://host:port")
    return parts


def _send(
    method: str,
    address: Address,
    path: str,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    parts = split(address)
    connection = connect(parts, timeout=30)
    try:
        kind = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, parts.path.rstrip("/") + path, body, {**(headers or {}), **kind})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotRunningError(f"{address} does not answer as opsbook: {error}") from None
    finally:
        connection.close()
