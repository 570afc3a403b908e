"""`email_configs`: a mail."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.errors import MessageError
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from opsbook.alerts.model import Notice
from opsbook.alerts.notifier import Delivery, Notifier, NotSentError
from opsbook.alerts.sending.address import revealed_text
from opsbook.alerts.sending.mail import Mail, addresses
from opsbook.alerts.sending.sections import Blank
from opsbook.alerts.sending.smtp import Envelope, Login, Progress, Server, SmtpError, hand_over
from opsbook.alerts.sending.texts import TemplateText, Texts, group_hash
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.book.model import Section
from opsbook.core.errors import BadInputError
from opsbook.core.secrets import mask
from opsbook.metrics.scraping.notation import File, Flag, Keyed, Text
from opsbook.metrics.scraping.secret import HeldSecret, at_most_one, in_file
from opsbook.metrics.scraping.tls import TlsConfig
from opsbook.probes.explain import explain
from opsbook.probes.probe import ProbeUnknownError

_HEADER = re.compile(r"[!-9;-~]+")
_OURS = {"content-type", "content-transfer-encoding", "mime-version", "date"}
_IMPLICIT_TLS = 465


def _headers(headers: dict[str, str]) -> dict[str, str]:
    seen = set()
    for name in headers:
        if not _HEADER.fullmatch(name) or name.lower() in _OURS:
            raise ValueError(f"the header {name!r} cannot be set: remove it")
        if name.lower() in seen:
            raise ValueError(f"the header {name} is there twice: remove one")
        seen.add(name.lower())
    return headers


def _smarthost(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdigit() and 0 < int(port) < 65_536):
        raise ValueError("not a mail server: write host:port, such as smtp.example.com:587")
    return text


class Threading(Section):
    """How mail programs put mails of one group together."""

    enabled: Flag = False
    """Whether mails of one group say that they belong together."""
    thread_by_date: Literal["daily", "none"] = "daily"
    """daily: each day (UTC) begins anew."""


class Email(Notifier):
    """Sends one mail by SMTP. A recipient that the server does not know keeps it from nobody
    else, and is named in the answer."""

    patience: ClassVar[float] = 25.0
    """Seconds: less than the outbox allows, so that it is known here whether it had left."""
    inherits: ClassVar[Mapping[str, str]] = {
        "from_": "smtp_from",
        "smarthost": "smtp_smarthost",
        "hello": "smtp_hello",
        "auth_username": "smtp_auth_username",
        "auth_password": "smtp_auth_password",
        "auth_password_file": "smtp_auth_password_file",
        "auth_secret": "smtp_auth_secret",
        "auth_secret_file": "smtp_auth_secret_file",
        "auth_identity": "smtp_auth_identity",
        "require_tls": "smtp_require_tls",
        "force_implicit_tls": "smtp_force_implicit_tls",
        "tls_config": "smtp_tls_config",
    }
    misplaced: ClassVar[Mapping[str, str]] = {
        "subject": "write it as Subject under headers",
        "reply_to": "write it as Reply-To under headers",
        "cc": "write it as Cc under headers, and the address under to as well",
        "bcc": "write the address under to, and To under headers without it",
        "body": "write it as text or as html",
        "password": "write it as auth_password",
        "username": "write it as auth_username",
    }

    send_resolved: Flag = False
    """Whether to tell of alerts that have ended."""
    to: TemplateText
    """Addresses, with commas between them."""
    from_: TemplateText = Field(alias="from")
    """The address that it comes from."""
    smarthost: Annotated[Text, AfterValidator(_smarthost)]
    """The mail server, as host:port."""
    hello: Text = "localhost"
    """Who we say we are."""
    auth_username: Text = ""
    """As whom; without it nobody signs in."""
    auth_password: HeldSecret = None
    """For PLAIN and LOGIN."""
    auth_password_file: File = None
    """A file that holds it instead."""
    auth_secret: HeldSecret = None
    """For CRAM-MD5."""
    auth_secret_file: File = None
    """A file that holds it instead."""
    auth_identity: Text = ""
    """For PLAIN: whom to act for, where that is somebody else."""
    require_tls: Flag = True
    """Whether nothing is sent before STARTTLS."""
    force_implicit_tls: Flag | None = None
    """Whether TLS comes first; on port 465 it does if nothing is given."""
    tls_config: Annotated[TlsConfig, Blank] = TlsConfig()
    headers: Annotated[Keyed[TemplateText], AfterValidator(_headers)] = {}
    """Such as Subject and Reply-To."""
    html: TemplateText = '{{ template "email.default.html" . }}'
    """The mail as HTML; without that part if empty."""
    text: TemplateText = ""
    """The mail as plain text; without that part if empty."""
    threading: Annotated[Threading, Blank] = Threading()

    @model_validator(mode="after")
    def _complete(self) -> "Email":
        at_most_one(self, "auth_password", "auth_password_file")
        at_most_one(self, "auth_secret", "auth_secret_file")
        for name, value in (("to", self.to), ("from", self.from_), ("smarthost", self.smarthost)):
            if not value:
                raise ValueError(f"{name} is empty: a mail needs it")
        return self

    @property
    def target(self) -> str:
        return f"email {self.to} by {self.smarthost}"

    async def send(self, notice: Notice, key: str, templates: NoticeTemplates) -> Delivery:
        progress = Progress()
        try:
            server = await asyncio.to_thread(self._server)
            envelope, message = await asyncio.to_thread(self._composed, notice, key, templates)
            async with asyncio.timeout(self.patience):
                answer = await hand_over(server, envelope, message, progress)
        except TimeoutError:
            self._fail(f"no answer within {self.patience:g} s", uncertain=progress.handed_over)
        except SmtpError as error:
            self._fail(str(error), permanent=error.permanent)
        except (OSError, EOFError) as error:
            self._fail(explain(error), uncertain=progress.handed_over)
        except (BadInputError, ProbeUnknownError, MessageError, ValueError) as error:
            self._fail(str(error), permanent=True)
        return Delivery("; not to ".join([answer, *progress.refused]))

    def _fail(self, text: str, *, permanent: bool = False, uncertain: bool = False) -> None:
        text = mask(f"{self.target}: {text}")
        raise NotSentError(text, permanent=permanent, uncertain=uncertain) from None

    def _server(self) -> Server:
        host, _, port = self.smarthost.rpartition(":")
        host = host.strip("[]")
        implicit = self.force_implicit_tls
        if implicit is None:
            implicit = int(port) == _IMPLICIT_TLS
        return Server(
            host=host,
            port=int(port),
            hello=self.hello or "localhost",
            tls=self.tls_config.options(self.target, host),
            implicit=implicit,
            required=self.require_tls,
            login=self._login() if self.auth_username else None,
        )

    def _login(self) -> Login:
        return Login(
            self.auth_username,
            revealed_text(in_file(self.auth_password_file) or self.auth_password),
            revealed_text(in_file(self.auth_secret_file) or self.auth_secret),
            self.auth_identity,
        )

    def _composed(
        self, notice: Notice, key: str, templates: NoticeTemplates
    ) -> tuple[Envelope, bytes]:
        texts = Texts(notice, templates)
        sender, to = texts(self.from_), texts(self.to)
        address = addresses(sender)[0]
        mail = Mail(
            headers=[(name, texts(value)) for name, value in self.headers.items()],
            own=[
                ("Subject", texts('{{ template "email.default.subject" . }}')),
                ("From", sender),
                ("To", to),
                *self._identified(notice, key, address.rpartition("@")[2]),
            ],
            text=texts(self.text),
            html=texts.html(self.html),
            at=notice.at,
        )
        return Envelope(address, addresses(to)), mail.to_bytes()

    def _identified(self, notice: Notice, key: str, domain: str) -> Iterator[tuple[str, str]]:
        """One that is sent again has the same number: mail programs show it once."""
        yield "Message-ID", f"<{key}@{domain}>"
        if self.threading.enabled:
            day = datetime.fromtimestamp(notice.at, UTC).strftime("-%Y-%m-%d")
            ending = day if self.threading.thread_by_date == "daily" else ""
            thread = f"<{group_hash(notice)[:32]}{ending}@{domain}>"
            yield "In-Reply-To", thread
            yield "References", thread
