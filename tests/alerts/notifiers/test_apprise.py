"""`apprise_configs`"""

import asyncio
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest
from pydantic import ValidationError

from opsbook.alerts.notifier import notifier_kinds
from tests.alerts.notifiers.catcher import Catcher, answer, catching, reset, silence
from tests.alerts.notifiers.contract import NotifierContract, Settings
from tests.alerts.notifiers.notices import failure, notice, notifier, send


def children() -> int:
    """How many of our own run: other tests at the same time have theirs."""
    ours = psutil.Process().children()
    return sum("opsbook.alerts.sending.apprise_child" in each.cmdline() for each in ours)


class TestApprise(NotifierContract):
    kind = "apprise"
    secrets = ("s3cret-word", "s3cret-path")

    def at(self, port: int) -> Settings:
        return {"url": f"json://ops:s3cret-word@127.0.0.1:{port}/s3cret-path"}

    @pytest.fixture
    def hurried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(notifier_kinds.load(self.kind), "patience", 2.0)

    async def test_it_hands_over_a_title_and_a_text(self) -> None:
        async with catching() as catcher:
            await send(self.entry(catcher.port, message="{{ .CommonAnnotations.summary }}"))
        posted = catcher.caught[0].json()
        assert posted["title"] == "[FIRING:2] Disk full (critical)"
        assert posted["message"] == "grün & <voll>"
        assert posted["type"] == "failure"
        assert catcher.caught[0].headers["authorization"].startswith("Basic ")

    async def test_the_end_is_a_success(self) -> None:
        async with catching() as catcher:
            await send(self.entry(catcher.port), notice(resolved=True))
        assert catcher.caught[0].json()["type"] == "success"

    @pytest.mark.parametrize(("status", "permanent"), [(404, True), (503, False), (429, False)])
    async def test_what_the_service_says_tells_whether_to_ask_again(
        self, status: int, permanent: bool
    ) -> None:
        async with catching(answer(status)) as catcher:
            error = await failure(self.entry(catcher.port))
        assert (error.permanent, error.uncertain) == (permanent, False)
        assert not [secret for secret in self.secrets if secret in str(error)]

    async def test_an_answer_that_is_lost_leaves_it_open(self) -> None:
        async with catching(reset) as catcher:
            error = await failure(self.entry(catcher.port))
        assert (error.permanent, error.uncertain) == (False, True)

    @pytest.mark.usefixtures("hurried")
    async def test_at_the_deadline_its_process_is_ended(self) -> None:
        async with catching(silence) as catcher:
            started = time.monotonic()
            error = await failure(self.entry(catcher.port))
        assert error.uncertain
        assert time.monotonic() - started < 4

    async def test_cancelled_it_leaves_no_process(self) -> None:
        async with catching(silence) as catcher:
            sending = asyncio.create_task(send(self.entry(catcher.port)))
            await _caught(catcher)
            assert children() == 1
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        assert children() == 0

    async def test_a_url_that_apprise_does_not_know_is_a_failure(self) -> None:
        error = await failure(notifier(self.kind, {"url": "no-such-service://s3cret-word"}))
        assert error.permanent
        assert "does not know such a URL" in str(error)
        assert "s3cret-word" not in str(error)

    async def test_the_url_may_stand_in_a_file(self, tmp_path: Path) -> None:
        async with catching() as catcher:
            file = tmp_path / "url"
            file.write_text(f"json://127.0.0.1:{catcher.port}/")
            await send(notifier_kinds.load(self.kind).model_validate({"url": f"file:{file}"}))
        assert len(catcher.caught) == 1

    @pytest.mark.parametrize("url", ["", "ntfy", "//topic"])
    def test_what_has_no_scheme_is_refused(self, url: str) -> None:
        with pytest.raises(ValidationError):
            notifier(self.kind, {"url": url})


async def _caught(catcher: Catcher) -> None:
    async with asyncio.timeout(10):
        while not catcher.caught:
            await asyncio.sleep(0.01)
