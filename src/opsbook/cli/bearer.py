"""The token that a command sends: that of a person, or that of the data directory."""

import os
import re
from urllib.parse import urlsplit

from opsbook.core.errors import BadInputError
from opsbook.state.datadir import DataDir
from opsbook.state.local_token import TOKEN_VARIABLE, token_file

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_REMEDY = "make a token with `opsbook token add NAME --role operator`, and set it as OPSBOOK_TOKEN"
_TOKEN = re.compile(r"[\x21-\x7e]+")
"""What may stand in a header; the library that sends it would repeat what may not."""


def bearer(url: str, data: DataDir | None) -> str:
    """From $OPSBOOK_TOKEN, else from the file of the process that runs on `data`.

    Raises BadInputError, which says where to get one.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise BadInputError(
            f"{url}: a token is not sent where others can read it on its way; take https, or run "
            "the command on that machine or through a tunnel (ssh -L)"
        )
    if os.environ.get("OPSBOOK_TOKEN"):
        token = TOKEN_VARIABLE.reveal()
        if not _TOKEN.fullmatch(token):
            raise BadInputError(f"OPSBOOK_TOKEN holds what is no token; {_REMEDY}")
        return token
    if data is None:
        raise BadInputError(
            f"{url}: this changes something and needs a token; on that machine, {_REMEDY}"
        )
    return _of_process(data)


def _of_process(data: DataDir) -> str:
    file = token_file(data.path)
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise BadInputError(
            f"this changes something and needs a token: {file} cannot be read "
            f"({error.strerror}); {_REMEDY}"
        ) from None
