"""A mail as bytes (RFC 5322)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses

_ADDRESS = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")
"""Of ASCII: whether a server takes others only a few say (RFC 6531)."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What stands in it. `headers` are given by people, `own` are ours where they gave none."""

    headers: Iterable[tuple[str, str]]
    own: Iterable[tuple[str, str]]
    text: str
    html: str
    at: float

    def to_bytes(self) -> bytes:
        """With lines that end as SMTP wants it, and in ASCII. Raises ValueError, MessageError."""
        message = EmailMessage(policy=SMTP)
        date = ("Date", format_datetime(datetime.fromtimestamp(self.at, UTC)))
        for name, value in (*self.headers, *self.own, date):
            if name not in message:
                # A label's value may hold a line's end, which would begin a header of its own.
                message[name] = " ".join(_encodable(value).split())
        if self.text or not self.html:
            message.set_content(_encodable(self.text))
        if self.html and self.text:
            message.add_alternative(_encodable(self.html), subtype="html")
        elif self.html:
            message.set_content(_encodable(self.html), subtype="html")
        return message.as_bytes()


def addresses(text: str) -> list[str]:
    """`Ops <ops@example.com>, night@example.com` → the addresses alone. Raises ValueError."""
    found = [address for _, address in getaddresses([text]) if address]
    for address in found:
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"not a mail address: {address!r}")
    if not found:
        raise ValueError(f"no mail address in {text!r}")
    return found


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
