"""`email_configs`"""

import asyncio
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from email.message import EmailMessage
from hashlib import md5
from hmac import HMAC
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.alerts.notifier import notifier_kinds
from tests.alerts.notifiers.contract import NotifierContract, Settings, open_files
from tests.alerts.notifiers.mail_server import PASSWORD, USER, MailServer, mail_server
from tests.alerts.notifiers.notices import KEY, alert, failure, notice, send, storm
from tests.servers.certificate import Certificate, certified, server_context
from tests.servers.loopback import Handler, serving, silent

HELLO = "250-mail.example\r\n250 SIZE"


def script(*answers: str, then: str = "close") -> Handler:
    """A server that says these words, the first on connecting; then it closes or is silent."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, said in enumerate(answers):
            if number:
                await _line(reader)
            writer.write(f"{said}\r\n".encode())
            await writer.drain()
        await _line(reader)
        if then == "silent":
            await asyncio.sleep(60)

    async def _line(reader: asyncio.StreamReader) -> None:
        line = await reader.readline()
        if line.startswith((b"Subject", b"MIME", b"From", b"To:", b"Message", b"Date", b"Content")):
            while line and line != b".\r\n":
                line = await reader.readline()

    return handle


class TestEmail(NotifierContract):
    kind = "email"
    secrets = (PASSWORD,)

    def at(self, port: int) -> Settings:
        return {
            "to": "Night shift <night@example.com>, ops@example.com",
            "from": "Opsbook <book@example.org>",
            "smarthost": f"127.0.0.1:{port}",
            "auth_username": USER,
            "auth_password": PASSWORD,
            "require_tls": False,
        }

    @pytest.fixture
    async def server(self) -> AsyncIterator[MailServer]:
        async with mail_server() as server:
            yield server

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Certificate:
        return certified(tmp_path)

    @pytest.fixture
    def context(self, certificate: Certificate) -> ssl.SSLContext:
        return server_context(certificate.server)

    @pytest.fixture
    def hurried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(notifier_kinds.load(self.kind), "patience", 0.3)

    async def mail(self, server: MailServer, **settings: Any) -> EmailMessage:
        await send(self.entry(server.port, **settings))
        return server.kept[0]

    async def test_a_notice_is_one_mail_to_all(self, server: MailServer) -> None:
        delivery = await send(self.entry(server.port))
        assert delivery.answer == "250 kept as 1"
        assert server.recipients == ["night@example.com", "ops@example.com"]
        assert server.senders == ["book@example.org"]
        mail = server.kept[0]
        assert mail["To"] == "Night shift <night@example.com>, ops@example.com"
        assert mail["From"] == "Opsbook <book@example.org>"
        assert mail["Subject"] == "[FIRING:2] Disk full (critical)"
        assert mail["Date"] == "Tue, 14 Nov 2023 22:13:20 +0000"
        assert mail.get_content_type() == "text/html"
        assert "grün &amp; &lt;voll&gt;" in mail.get_content()

    async def test_a_storm_is_told(self, server: MailServer) -> None:
        await send(self.entry(server.port, text='{{ template "opsbook.message" . }}'), storm())
        text, html = (part.get_content() for part in server.kept[0].iter_parts())
        assert text.rstrip().endswith("… and 200 more alerts")
        assert html.rstrip().endswith("<p>… and 200 more alerts</p>")

    async def test_text_and_html_are_two_ways_to_read_it(self, server: MailServer) -> None:
        mail = await self.mail(server, text="{{ .Status }} grün", html="<b>{{ .Status }}</b>")
        parts = list(mail.iter_parts())
        assert mail.get_content_type() == "multipart/alternative"
        assert [(part.get_content_type(), part.get_content().strip()) for part in parts] == [
            ("text/plain", "firing grün"),
            ("text/html", "<b>firing</b>"),
        ]

    async def test_headers_are_templates_and_ours_where_nobody_gave_them(
        self, server: MailServer
    ) -> None:
        headers = {
            "subject": "{{ .CommonAnnotations.summary }}",
            "Reply-To": "boss@example.com",
            "To": "undisclosed <list@example.com>",
            "X-Severity": "{{ .CommonLabels.severity }}",
        }
        mail = await self.mail(server, headers=headers)
        assert mail["Subject"] == "grün & <voll>"
        assert mail["Reply-To"] == "boss@example.com"
        assert mail["To"] == "undisclosed <list@example.com>"
        assert mail["X-Severity"] == "critical"
        assert mail.get_all("Subject") == ["grün & <voll>"]
        assert server.recipients == ["night@example.com", "ops@example.com"]

    async def test_a_label_cannot_add_headers(self, server: MailServer) -> None:
        odd = alert(instance="a\r\nBcc: thief@example.com")
        headers = {"Subject": "{{ .CommonLabels.instance }}"}
        await send(self.entry(server.port, headers=headers), notice(odd))
        assert server.kept[0]["Subject"] == "a Bcc: thief@example.com"
        assert "Bcc" not in server.kept[0]

    async def test_a_line_with_a_dot_stays_one(self, server: MailServer) -> None:
        mail = await self.mail(server, html="", text="a\n.\n..b\nc")
        assert mail.get_content().split() == ["a", ".", "..b", "c"]

    async def test_one_that_is_sent_again_has_the_same_number(self, server: MailServer) -> None:
        await send(self.entry(server.port))
        await send(self.entry(server.port))
        numbers = {mail["Message-ID"] for mail in server.kept}
        assert numbers == {f"<{KEY}@example.org>"}

    @pytest.mark.parametrize(("by_date", "ending"), [("daily", "-2023-11-14"), ("none", "")])
    async def test_mails_of_one_group_stand_together_where_that_is_wanted(
        self, server: MailServer, by_date: str, ending: str
    ) -> None:
        threading = {"enabled": True, "thread_by_date": by_date}
        mail = await self.mail(server, threading=threading)
        await send(self.entry(server.port, threading=threading), notice(resolved=True))
        assert mail["References"] == server.kept[1]["References"] == mail["In-Reply-To"]
        assert mail["References"].endswith(f"{ending}@example.org>")

    async def test_without_starttls_nothing_is_handed_over(self, server: MailServer) -> None:
        error = await failure(self.entry(server.port, require_tls=True))
        assert error.permanent
        assert "no STARTTLS" in str(error)
        assert not server.kept

    async def test_it_goes_on_under_tls_and_signs_in(
        self, certificate: Certificate, context: ssl.SSLContext
    ) -> None:
        async with mail_server(context, require_starttls=True, auth_required=True) as server:
            ca = {"ca_file": str(certificate.ca)}
            await send(self.entry(server.port, require_tls=True, tls_config=ca))
        assert server.encrypted == [True]
        assert server.who == [f"LOGIN {USER}"]

    async def test_a_server_must_prove_who_it_is(self, context: ssl.SSLContext) -> None:
        async with mail_server(context, require_starttls=True) as server:
            error = await failure(self.entry(server.port, require_tls=True))
        assert error.permanent
        assert "certificate" in str(error)

    async def test_tls_may_come_first(
        self, certificate: Certificate, context: ssl.SSLContext
    ) -> None:
        async with mail_server(context, implicit=True) as server:
            ca = {"ca_file": str(certificate.ca)}
            to = self.entry(server.port, force_implicit_tls=True, require_tls=True, tls_config=ca)
            await send(to)
        assert len(server.kept) == 1

    @pytest.mark.parametrize("way", ["PLAIN", "LOGIN"])
    async def test_it_signs_in(self, way: str) -> None:
        others = {"PLAIN", "LOGIN"} - {way}
        async with mail_server(auth_exclude_mechanism=others) as server:
            await send(self.entry(server.port))
        assert server.who == [f"{way} {USER}"]

    async def test_a_wrong_password_is_a_failure_that_does_not_tell_it(self) -> None:
        async with mail_server() as server:
            error = await failure(self.entry(server.port, auth_password="wr0ng-word"))
        assert error.permanent
        assert "535" in str(error)
        assert "wr0ng-word" not in str(error)

    async def test_cram_md5_never_shows_the_secret(self) -> None:
        heard: list[bytes] = []
        challenge = b"<1.2@mail.example>"

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for said in (
                b"220 hi",
                b"250-mail\r\n250 AUTH CRAM-MD5 PLAIN",
                b"334 " + b64encode(challenge),
                b"535 no",
            ):
                writer.write(said + b"\r\n")
                heard.append(await reader.readline())

        async with serving(handle) as port:
            error = await failure(self.entry(port, auth_secret="s3cret-key"))
        assert error.permanent
        digest = HMAC(b"s3cret-key", challenge, md5).hexdigest()
        assert heard[2].strip() == b64encode(f"{USER} {digest}".encode())

    async def test_a_password_is_not_sent_in_the_clear_to_others(self) -> None:
        async with serving(script("220 hi", "250-mail\r\n250 AUTH PLAIN", "235 ok")) as port:
            # This machine by a name that does not say so.
            error = await failure(self.entry(port, smarthost=f"127.1:{port}"))
        assert error.permanent
        assert "would tell the password" in str(error)

    async def test_nobody_among_the_recipients_is_a_failure(self, server: MailServer) -> None:
        server.answers = dict.fromkeys(["night@example.com", "ops@example.com"], "550 unknown")
        error = await failure(self.entry(server.port))
        assert error.permanent
        assert "night@example.com: 550 unknown" in str(error)

    async def test_one_unknown_recipient_keeps_it_from_nobody_else(
        self, server: MailServer
    ) -> None:
        server.answers = {"night@example.com": "550 unknown"}
        delivery = await send(self.entry(server.port))
        assert server.recipients == ["ops@example.com"]
        assert delivery.answer == "250 kept as 1; not to night@example.com: 550 unknown"

    @pytest.mark.parametrize("at", ["ops@example.com", "DATA"])
    async def test_who_is_put_off_is_asked_again(self, server: MailServer, at: str) -> None:
        server.answers = {at: "451 try later"}
        error = await failure(self.entry(server.port))
        assert (error.permanent, error.uncertain) == (False, False)
        assert not server.kept

    async def test_a_mail_that_is_refused_is_not_sent_again(self, server: MailServer) -> None:
        server.answers = {"DATA": "554 spam"}
        error = await failure(self.entry(server.port))
        assert (error.permanent, error.uncertain) == (True, False)

    @pytest.mark.parametrize(
        ("answers", "uncertain"),
        [
            (["220 hi"], False),
            (["220 hi", HELLO, "250 ok"], False),
            (["220 hi", HELLO, "250 ok", "250 ok", "250 ok", "354 go"], True),
        ],
        ids=["after the greeting", "after MAIL FROM", "after the mail"],
    )
    async def test_a_connection_that_ends(self, answers: Sequence[str], uncertain: bool) -> None:
        """Only what left as a whole may have arrived."""
        async with serving(script(*answers)) as port:
            error = await failure(self.entry(port))
        assert (error.permanent, error.uncertain) == (False, uncertain)

    @pytest.mark.usefixtures("hurried")
    async def test_a_server_that_does_not_say_whether_it_took_it_leaves_it_open(self) -> None:
        answers = ["220 hi", HELLO, "250 ok", "250 ok", "250 ok", "354 go"]
        async with serving(script(*answers, then="silent")) as port:
            error = await failure(self.entry(port))
        assert (error.permanent, error.uncertain) == (False, True)
        assert "no answer within 0.3 s" in str(error)

    @pytest.mark.usefixtures("hurried")
    async def test_a_silent_server_is_left_at_the_deadline(self) -> None:
        async with serving(silent) as port:
            started, files = time.monotonic(), open_files()
            error = await failure(self.entry(port))
        assert (error.permanent, error.uncertain) == (False, False)
        assert time.monotonic() - started < 2
        assert open_files() <= files + 1

    @pytest.mark.parametrize("said", ["HTTP/1.1 400 Bad Request", "x" * 100_000, "220-\r\n" * 200])
    async def test_what_speaks_no_smtp_is_left(self, said: str) -> None:
        async with serving(script(said)) as port:
            error = await failure(self.entry(port))
        assert not error.permanent
        assert "does not speak SMTP" in str(error)

    async def test_a_busy_server_is_asked_again(self) -> None:
        async with serving(script("421 too many connections")) as port:
            assert not (await failure(self.entry(port))).permanent

    async def test_words_slipped_in_before_tls_are_not_heard(self) -> None:
        slipped = "220 go\r\n250-mail\r\n250 AUTH PLAIN"
        async with serving(script("220 hi", "250-mail\r\n250 STARTTLS", slipped)) as port:
            error = await failure(self.entry(port, require_tls=True))
        assert "plain text after STARTTLS" in str(error)

    async def test_a_recipient_that_is_no_address_is_a_failure(self, server: MailServer) -> None:
        error = await failure(self.entry(server.port, to="{{ .CommonLabels.none }}"))
        assert error.permanent
        assert "no mail address" in str(error)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"smarthost": "mail.example.com"},
            {"smarthost": "mail.example.com:smtp"},
            {"to": ""},
            {"headers": {"Subject": "a", "subject": "b"}},
            {"headers": {"Not a header": "a"}},
            {"auth_password_file": "/a/file"},
        ],
    )
    def test_what_cannot_work_is_refused(self, wrong: Settings) -> None:
        with pytest.raises(ValidationError):
            self.entry(1, **wrong)

    def test_what_people_write_for_the_subject_is_known(self) -> None:
        kind = notifier_kinds.load(self.kind)
        assert kind.misplaced["subject"] == "write it as Subject under headers"

    def test_it_tells_of_ends_only_where_it_is_told_to(self) -> None:
        assert not self.entry(1).send_resolved
