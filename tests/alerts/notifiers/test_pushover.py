"""`pushover_configs`"""

from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.alerts.notifier import Notifier, notifier_kinds
from tests.alerts.notifiers.catcher import Catcher, answer
from tests.alerts.notifiers.contract import HttpContract, Settings
from tests.alerts.notifiers.notices import failure, notice, send


class TestPushover(HttpContract):
    kind = "pushover"
    secrets = ("s3cret-user", "s3cret-token")
    accepted = answer(200, '{"status":1,"request":"647d2300"}', "application/json")

    @pytest.fixture(autouse=True)
    def redirected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def at(self, port: int) -> Settings:
        return {"user_key": "s3cret-user", "token": "s3cret-token"}

    def entry(self, port: int, **settings: Any) -> Notifier:
        self._redirect(f"http://127.0.0.1:{port}/1/messages.json")
        return super().entry(port, **settings)

    def encrypted(self, port: int, tls_config: Any) -> Notifier:
        made = super().encrypted(port, tls_config)
        self._redirect(f"https://127.0.0.1:{port}/1/messages.json")
        return made

    def _redirect(self, url: str) -> None:
        self.monkeypatch.setattr(notifier_kinds.load(self.kind), "api_url", url)

    async def test_it_posts_a_form(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port, message="{{ .Status }}", sound="siren", ttl="90s"))
        assert catcher.caught[0].path == "/1/messages.json"
        form = catcher.caught[0].form()
        assert form.pop("url").startswith("http://opsbook.example/")
        assert form == {
            "user": "s3cret-user",
            "token": "s3cret-token",
            "title": "[FIRING:2] Disk full (critical)",
            "message": "firing",
            "priority": "2",
            "retry": "60",
            "expire": "3600",
            "ttl": "90",
            "sound": "siren",
        }

    async def test_the_end_comes_once_and_quietly(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port), notice(resolved=True))
        assert catcher.caught[0].form()["priority"] == "0"

    async def test_long_texts_are_cut(self, catcher: Catcher) -> None:
        long = "ü" * 2_000
        await send(self.entry(catcher.port, title=long, message=long, url=long))
        form = catcher.caught[0].form()
        assert [len(form[name]) for name in ("title", "message", "url")] == [250, 1024, 512]

    async def test_nothing_to_say_is_said(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port, message="{{ .CommonLabels.none }}"))
        assert catcher.caught[0].form()["message"] == "(no text)"

    async def test_values_cannot_become_tags(self, catcher: Catcher) -> None:
        to = self.entry(catcher.port, html=True, message="{{ .CommonAnnotations.summary }}")
        await send(to)
        form = catcher.caught[0].form()
        assert (form["html"], form["message"]) == ("1", "grün &amp; &lt;voll&gt;")

    async def test_a_wrong_key_is_a_failure(self, catcher: Catcher) -> None:
        said = '{"user":"invalid","errors":["user identifier is invalid"],"status":0}'
        catcher.then(answer(400, said, "application/json"))
        assert "user identifier is invalid" in str(await failure(self.entry(catcher.port)))

    def test_two_forms_of_text_are_refused(self) -> None:
        with pytest.raises(ValidationError, match="keep one"):
            self.entry(1, html=True, monospace=True)
