"""What every way of telling people must keep. A kind's test inherits this."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.alerts.notifier import Notifier, notifier_kinds
from opsbook.alerts.sending.http_notifier import HttpNotifier
from opsbook.alerts.sending.texts import Texts
from tests.alerts.notifiers.catcher import (
    Answer,
    Catcher,
    answer,
    catching,
    echo,
    endless,
    reset,
    silence,
)
from tests.alerts.notifiers.notices import failure, notice, notifier, send, storm, templates
from tests.servers.certificate import certified, server_context
from tests.servers.loopback import free_port

Settings = dict[str, Any]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class NotifierContract:
    """Give `kind`, and `at`: settings of an entry that sends to a port."""

    kind: ClassVar[str]
    secrets: ClassVar[tuple[str, ...]]
    """What is in the settings and in no message."""

    def at(self, port: int) -> Settings:
        raise NotImplementedError

    def entry(self, port: int, **settings: Any) -> Notifier:
        return notifier(self.kind, {**self.at(port), **settings})

    def test_an_unknown_key_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="extra_forbidden"):
            self.entry(1, **{"no-such-key": 1})

    def test_nothing_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            notifier(self.kind, {})

    def test_its_docstring_is_its_reference(self) -> None:
        kind = notifier_kinds.load(self.kind)
        assert kind.__doc__
        assert kind.__doc__ != Notifier.__doc__

    def test_what_it_inherits_and_what_is_misplaced_fits_its_fields(self) -> None:
        kind = notifier_kinds.load(self.kind)
        assert set(kind.inherits) <= set(kind.model_fields)
        assert not set(kind.misplaced) & set(kind.model_fields)

    def test_its_default_texts_can_be_expanded(self) -> None:
        kind = notifier_kinds.load(self.kind)
        texts = Texts(notice(), templates())
        for info in kind.model_fields.values():
            if isinstance(info.default, str) and "{{" in info.default:
                assert "{{" not in texts(info.default)

    def test_its_target_names_the_kind_and_holds_no_secret(self) -> None:
        target = self.entry(free_port()).target
        assert target.startswith(self.kind)
        assert not [secret for secret in self.secrets if secret in target]

    async def test_nobody_who_listens_is_temporary_and_certain(self) -> None:
        port = free_port()
        error = await failure(self.entry(port))
        assert (error.permanent, error.uncertain) == (False, False)
        assert str(error).startswith(self.entry(port).target)

    def test_a_secret_shows_nowhere_in_the_settings(self) -> None:
        shown = repr(self.entry(1)) + str(self.entry(1)) + self.entry(1).model_dump_json()
        assert not [secret for secret in self.secrets if secret in shown]


class HttpContract(NotifierContract):
    """For kinds that post to a server: give `accepted` too, what the service answers."""

    accepted: ClassVar[Answer] = answer(200, b"ok")
    asks: ClassVar[int] = 1
    """How many requests make one notice."""
    lost: ClassVar[str] = "uncertain"
    """What an answer is that is lost: `uncertain`, or `temporary` where it is sent again."""

    @pytest.fixture
    async def catcher(self) -> AsyncIterator[Catcher]:
        async with catching(self.accepted) as catcher:
            yield catcher

    @pytest.fixture
    def hurried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(HttpNotifier, "patience", 0.3)

    @pytest.mark.parametrize("resolved", [False, True])
    async def test_a_notice_is_sent_once_and_the_answer_recorded(
        self, catcher: Catcher, resolved: bool
    ) -> None:
        delivery = await send(self.entry(catcher.port), notice(resolved=resolved))
        assert len(catcher.caught) == self.asks
        assert delivery.answer.startswith("2")

    async def test_a_storm_is_told(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port), storm())
        assert len(catcher.caught) == self.asks

    async def test_it_names_itself(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port))
        assert catcher.caught[0].headers["user-agent"].startswith("opsbook/")

    @pytest.mark.parametrize("status", [500, 502, 503, 429])
    async def test_a_server_in_trouble_is_asked_again(self, catcher: Catcher, status: int) -> None:
        catcher.then(answer(status, b"busy"))
        error = await failure(self.entry(catcher.port))
        assert (error.permanent, error.uncertain) == (False, False)
        assert f"{status}" in str(error)

    @pytest.mark.parametrize("status", [400, 401, 404])
    async def test_what_is_refused_is_not_sent_again(self, catcher: Catcher, status: int) -> None:
        catcher.then(answer(status, b"no such channel"))
        error = await failure(self.entry(catcher.port))
        assert error.permanent
        assert "no such channel" in str(error)

    async def test_a_server_may_say_how_long_to_wait(self, catcher: Catcher) -> None:
        catcher.then(answer(429, Retry_After="7"))
        assert (await failure(self.entry(catcher.port))).retry_after == 7.0

    async def test_a_server_may_say_until_when_to_wait(self, catcher: Catcher) -> None:
        catcher.then(answer(503, Retry_After=formatdate(time.time() + 60, usegmt=True)))
        wait = (await failure(self.entry(catcher.port))).retry_after
        assert wait is not None
        assert 55 < wait <= 60

    async def test_a_server_cannot_ask_for_silence_for_ever(self, catcher: Catcher) -> None:
        catcher.then(answer(429, Retry_After="99999999"))
        assert (await failure(self.entry(catcher.port))).retry_after == 3600.0

    @pytest.mark.usefixtures("hurried")
    async def test_an_answer_that_does_not_come_leaves_it_open(self, catcher: Catcher) -> None:
        catcher.then(silence)
        error = await failure(self.entry(catcher.port))
        assert (error.permanent, error.uncertain) == (False, self.lost == "uncertain")
        assert "no answer within 0.3 s" in str(error)

    async def test_a_connection_that_ends_before_the_answer_leaves_it_open(
        self, catcher: Catcher
    ) -> None:
        catcher.then(reset)
        error = await failure(self.entry(catcher.port))
        assert (error.permanent, error.uncertain) == (False, self.lost == "uncertain")

    async def test_an_endless_answer_is_not_read(self, catcher: Catcher) -> None:
        catcher.then(endless)
        started = time.monotonic()
        try:
            await send(self.entry(catcher.port))
        except Exception as error:
            assert len(str(error)) < 1_000  # some services have to say more than yes
        assert time.monotonic() - started < 2

    async def test_a_redirect_that_keeps_the_notice_is_followed(self, catcher: Catcher) -> None:
        catcher.then(answer(307, Location="/elsewhere"), self.accepted)
        await send(self.entry(catcher.port))
        assert catcher.caught[1].path == "/elsewhere"
        assert catcher.caught[1].body == catcher.caught[0].body

    async def test_a_redirect_that_loses_the_notice_is_a_failure(self, catcher: Catcher) -> None:
        catcher.then(answer(302, Location="/login"), self.accepted)
        error = await failure(self.entry(catcher.port))
        assert error.permanent
        assert "redirects" in str(error)

    async def test_redirects_may_be_refused(self, catcher: Catcher) -> None:
        catcher.then(answer(307, Location="/elsewhere"))
        error = await failure(self.entry(catcher.port, http_config={"follow_redirects": False}))
        assert error.permanent
        assert len(catcher.caught) == 1

    async def test_a_receiver_that_repeats_everything_tells_no_secret(
        self, catcher: Catcher
    ) -> None:
        catcher.then(echo)
        text = str(await failure(self.entry(catcher.port)))
        assert not [secret for secret in self.secrets if secret in text]

    async def test_a_server_must_prove_who_it_is(self, tmp_path: Path) -> None:
        certificate = certified(tmp_path)
        async with catching(self.accepted, context=server_context(certificate.server)) as catcher:
            error = await failure(self.encrypted(catcher.port, {}))
            assert "certificate not trusted" in str(error)
            assert not error.uncertain
            await send(self.encrypted(catcher.port, {"ca_file": str(certificate.ca)}))
        assert len(catcher.caught) == self.asks

    def encrypted(self, port: int, tls_config: Mapping[str, str]) -> Notifier:
        plain, tls = f"http://127.0.0.1:{port}", f"https://127.0.0.1:{port}"
        settings = {
            name: value.replace(plain, tls) if isinstance(value, str) else value
            for name, value in self.at(port).items()
        }
        return notifier(self.kind, {**settings, "http_config": {"tls_config": tls_config}})

    async def test_cancelled_it_leaves_nothing_behind(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port))
        await asyncio.sleep(0.05)
        tasks, files = len(asyncio.all_tasks()), open_files()
        catcher.then(silence)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await send(self.entry(catcher.port))
        # The catcher's own side of the three connections sleeps on.
        await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks()) <= tasks + 3
        assert open_files() <= files + 3
