"""A mail server that keeps what it is handed, and refuses whom it is told to."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "ops", "s3cret-mail-word"


@dataclass
class MailServer:
    port: int = 0
    kept: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    who: list[str] = field(default_factory=list)
    """Who signed in."""
    answers: dict[str, str] = field(default_factory=dict)
    """Recipient, or `DATA` → what to say to it."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self.answers.get(address, "250 known")
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        said = self.answers.get("DATA", f"250 kept as {len(self.kept) + 1}")
        if said.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.raw.append(content)
            self.kept.append(BytesParser(EmailMessage, policy=default).parsebytes(content))
            self.recipients += envelope.rcpt_tos
            self.senders.append(envelope.mail_from or "")
            self.encrypted.append(session.ssl is not None)
        return said

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        right = LoginPassword(USER.encode(), PASSWORD.encode())
        if data != right:
            return AuthResult(success=False, handled=False)
        self.who.append(f"{mechanism} {data.login.decode()}")
        return AuthResult(success=True)


@contextlib.asynccontextmanager
async def mail_server(
    context: ssl.SSLContext | None = None, *, implicit: bool = False, **options: Any
) -> AsyncIterator[MailServer]:
    """With a context it offers STARTTLS, or speaks TLS from the first word."""
    kept = MailServer()
    made: list[SMTP] = []

    def protocol() -> SMTP:
        starting = None if implicit else context
        server = SMTP(
            kept,
            hostname="mail.example",
            tls_context=starting,
            authenticator=kept.authenticate,
            auth_require_tls=starting is not None,
            loop=asyncio.get_running_loop(),
            **options,
        )
        made.append(server)
        return server

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if implicit else None)
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()
        for each in made:
            if isinstance(each.transport, asyncio.WriteTransport):
                each.transport.abort()
        await asyncio.sleep(0)
