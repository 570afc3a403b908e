"""`telegram_configs`"""

import pytest
from pydantic import ValidationError

from tests.alerts.notifiers.catcher import Catcher, answer
from tests.alerts.notifiers.contract import HttpContract, Settings
from tests.alerts.notifiers.notices import failure, send

TOKEN = "123456:s3cret-bot-token"
JSON = "application/json"


class TestTelegram(HttpContract):
    kind = "telegram"
    secrets = (TOKEN, "s3cret-bot-token")
    accepted = answer(200, '{"ok": true, "result": {"message_id": 42}}', JSON)

    def at(self, port: int) -> Settings:
        api = f"http://127.0.0.1:{port}"
        return {"api_url": api, "bot_token": TOKEN, "chat_id": -100123}

    async def test_it_sends_a_message(self, catcher: Catcher) -> None:
        settings = {"message": "<b>{{ .Status }}</b>", "disable_notifications": True}
        delivery = await send(self.entry(catcher.port, **settings, message_thread_id=7))
        assert catcher.caught[0].path == f"/bot{TOKEN}/sendMessage"
        assert catcher.caught[0].json() == {
            "chat_id": "-100123",
            "text": "<b>firing</b>",
            "disable_web_page_preview": "true",
            "message_thread_id": "7",
            "disable_notification": "true",
            "parse_mode": "HTML",
        }
        assert '"message_id": 42' in delivery.answer

    async def test_values_cannot_become_tags(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port, message="{{ .CommonAnnotations.summary }}"))
        assert catcher.caught[0].json()["text"] == "grün &amp; &lt;voll&gt;"

    async def test_plain_text_stays_as_it_is(self, catcher: Catcher) -> None:
        to = self.entry(catcher.port, message="{{ .CommonAnnotations.summary }}", parse_mode="")
        await send(to)
        assert catcher.caught[0].json()["text"] == "grün & <voll>"
        assert "parse_mode" not in catcher.caught[0].json()

    async def test_a_long_message_is_cut_and_its_tags_are_closed(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port, message="<b><i>" + "ü" * 5_000 + "</i></b>"))
        text = catcher.caught[0].json()["text"]
        assert len(text) == 4_096
        assert text.endswith("ü…</i></b>")

    async def test_it_says_in_the_body_how_long_to_wait(self, catcher: Catcher) -> None:
        said = '{"ok": false, "error_code": 429, "parameters": {"retry_after": 31}}'
        catcher.then(answer(429, said, JSON))
        error = await failure(self.entry(catcher.port))
        assert (error.permanent, error.retry_after) == (False, 31.0)

    async def test_its_description_is_told(self, catcher: Catcher) -> None:
        said = '{"ok": false, "error_code": 400, "description": "Bad Request: chat not found"}'
        catcher.then(answer(400, said, JSON))
        error = await failure(self.entry(catcher.port))
        assert error.permanent
        assert "chat not found" in str(error)

    @pytest.mark.parametrize("said", ['{"ok": false}', "[]", "<html>"])
    async def test_what_does_not_say_ok_is_a_failure(self, catcher: Catcher, said: str) -> None:
        catcher.then(answer(200, said, JSON))
        assert (await failure(self.entry(catcher.port))).permanent

    @pytest.mark.parametrize("wrong", [{"chat_id": 0}, {"chat_id": "12"}, {"parse_mode": "X"}])
    def test_what_telegram_would_not_take_is_refused(self, wrong: Settings) -> None:
        with pytest.raises(ValidationError):
            self.entry(1, **wrong)
