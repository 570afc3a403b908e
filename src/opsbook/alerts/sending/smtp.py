"""Hands one message to a mail server (RFC 5321), over TLS and signed in where that is wanted.

By hand on asyncio: `smtplib` blocks a thread that a deadline cannot end.
"""

import asyncio
import hmac
import re
import ssl
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_MOST_LINES = 100
_LONGEST_LINE = 8 * 1024
_DOT_FIRST = re.compile(rb"^\.", re.MULTILINE)


class SmtpError(Exception):
    """The server does not take it. `permanent`: nor would it if it were sent again."""

    def __init__(self, text: str, *, permanent: bool) -> None:
        super().__init__(text)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Login:
    """Who signs in; which of the secrets is used the server's offer decides."""

    username: str
    password: str = ""
    """For PLAIN and LOGIN."""
    secret: str = ""
    """For CRAM-MD5."""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mail server is, and how it is spoken to. `tls` is what asyncio's functions take
    for a connection to it."""

    host: str
    port: int
    hello: str
    tls: dict[str, Any]
    implicit: bool
    """Whether TLS comes before the first word."""
    required: bool
    """Whether nothing is handed over without TLS."""
    login: Login | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    sender: str
    recipients: Sequence[str]


@dataclass(slots=True)
class Progress:
    """What is known when something goes wrong."""

    handed_over: bool = False
    """Whether the message left as a whole, so that the server may have it."""
    refused: list[str] = field(default_factory=list)
    """Recipients that the server does not know, with its words."""


@dataclass(frozen=True, slots=True)
class _Reply:
    code: int
    lines: Sequence[str]

    @property
    def good(self) -> bool:
        return self.code < 400

    def __str__(self) -> str:
        return " ".join([str(self.code), *self.lines])[:300]

    def check(self, asked: str) -> None:
        """Raises SmtpError if it is a no; with 5 in front it is one for ever."""
        if not self.good:
            raise SmtpError(f"{asked}: {self}", permanent=self.code >= 500)


async def hand_over(server: Server, envelope: Envelope, message: bytes, progress: Progress) -> str:
    """The server's answer to the message. A recipient that it does not know keeps it from
    nobody else; one that it puts off, such as by greylisting, keeps all waiting.

    Raises SmtpError, OSError, EOFError.
    """
    tls = server.tls if server.implicit else {}
    reader, writer = await asyncio.open_connection(
        server.host, server.port, limit=_LONGEST_LINE, **tls
    )
    try:
        session = _Session(reader, writer)
        await session.begin(server)
        answer = await session.deliver(envelope, message, progress)
        writer.write(b"QUIT\r\n")
        return answer
    finally:
        await _end(writer)


async def _end(writer: asyncio.StreamWriter) -> None:
    """What has been written still leaves; nobody waits for it."""
    writer.close()
    try:
        async with asyncio.timeout(1):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()
    except asyncio.CancelledError:
        writer.transport.abort()
        raise


class _Session:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._offers: dict[str, str] = {}
        """Extension → its parameters."""

    async def begin(self, server: Server) -> None:
        (await self._reply()).check("on connecting")
        await self._greet(server.hello)
        encrypted = server.implicit
        if not encrypted and server.required:
            await self._start_tls(server)
            await self._greet(server.hello)
            encrypted = True
        if server.login is not None and "AUTH" in self._offers:
            local = server.host in ("localhost", "127.0.0.1", "::1")
            await self._sign_in(server.login, safe=encrypted or local)

    async def deliver(self, envelope: Envelope, message: bytes, progress: Progress) -> str:
        (await self._ask(f"MAIL FROM:<{envelope.sender}>")).check("MAIL FROM")
        for recipient in envelope.recipients:
            reply = await self._ask(f"RCPT TO:<{recipient}>")
            if 400 <= reply.code < 500:
                reply.check(f"RCPT TO {recipient}")
            if not reply.good:
                progress.refused.append(f"{recipient}: {reply}")
        if len(progress.refused) == len(envelope.recipients):
            raise SmtpError("; ".join(progress.refused), permanent=True)
        (await self._ask("DATA")).check("DATA")
        self._writer.write(_DOT_FIRST.sub(b"..", message))
        await self._writer.drain()
        progress.handed_over = True
        answer = await self._ask(".")
        progress.handed_over = answer.good
        answer.check("the message")
        return str(answer)

    async def _greet(self, name: str) -> None:
        reply = await self._ask(f"EHLO {name}")
        if not reply.good:
            reply = await self._ask(f"HELO {name}")
        reply.check("EHLO")
        offers = (line.partition(" ") for line in reply.lines[1:])
        self._offers = {keyword.upper(): parameters for keyword, _, parameters in offers}

    async def _start_tls(self, server: Server) -> None:
        if "STARTTLS" not in self._offers:
            raise SmtpError(
                "it offers no STARTTLS: use its port with TLS, or set require_tls to false",
                permanent=True,
            )
        (await self._ask("STARTTLS")).check("STARTTLS")
        if await self._said_more():
            raise SmtpError("it went on in plain text after STARTTLS", permanent=False)
        try:
            await self._writer.start_tls(
                server.tls["ssl"], server_hostname=server.tls["server_hostname"]
            )
        except ssl.SSLCertVerificationError as error:
            raise SmtpError(f"certificate: {error.verify_message}", permanent=True) from None

    async def _said_more(self) -> bool:
        """Whether there are words already that somebody could have slipped in (RFC 3207, 6)."""
        try:
            async with asyncio.timeout(0):
                return bool(await self._reader.read(1))
        except TimeoutError:
            return False

    async def _sign_in(self, login: Login, *, safe: bool) -> None:
        """By the first way in the server's list for which there is a secret (RFC 4954)."""
        for way in self._offers["AUTH"].upper().split():
            if way == "CRAM-MD5" and login.secret:
                return await self._cram_md5(login)
            if way in ("PLAIN", "LOGIN") and login.password:
                if not safe:
                    raise SmtpError(f"{way} without TLS would tell the password", permanent=True)
                return await (self._plain(login) if way == "PLAIN" else self._login(login))
        offered = self._offers["AUTH"]
        raise SmtpError(f"no secret is given for any way to sign in: {offered}", permanent=True)

    async def _plain(self, login: Login) -> None:
        words = f"{login.identity}\0{login.username}\0{login.password}"
        (await self._ask(f"AUTH PLAIN {_base64(words)}")).check("AUTH PLAIN")

    async def _login(self, login: Login) -> None:
        (await self._ask("AUTH LOGIN")).check("AUTH LOGIN")
        (await self._ask(_base64(login.username))).check("AUTH LOGIN")
        (await self._ask(_base64(login.password))).check("AUTH LOGIN")

    async def _cram_md5(self, login: Login) -> None:
        """RFC 2195."""
        reply = await self._ask("AUTH CRAM-MD5")
        reply.check("AUTH CRAM-MD5")
        try:
            challenge = b64decode(reply.lines[0])
        except (ValueError, IndexError):
            raise SmtpError("AUTH CRAM-MD5: its challenge is not Base64", permanent=False) from None
        digest = hmac.digest(login.secret.encode(), challenge, "md5").hex()
        (await self._ask(_base64(f"{login.username} {digest}"))).check("AUTH CRAM-MD5")

    async def _ask(self, line: str) -> _Reply:
        self._writer.write(f"{line}\r\n".encode())
        await self._writer.drain()
        return await self._reply()

    async def _reply(self) -> _Reply:
        lines: list[str] = []
        while len(lines) < _MOST_LINES:
            try:
                line = await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError:
                break
            text = line.decode(errors="replace").rstrip()
            if not text[:3].isdigit() or text[3:4] not in ("", " ", "-"):
                break
            lines.append(text[4:])
            if text[3:4] != "-":
                return _Reply(int(text[:3]), lines)
        raise SmtpError("it does not speak SMTP", permanent=False)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
