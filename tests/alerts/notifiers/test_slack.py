"""`slack_configs`"""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.alerts.notifiers.catcher import Catcher, answer
from tests.alerts.notifiers.contract import HttpContract, Settings
from tests.alerts.notifiers.notices import failure, notice, notifier, send

TOKEN = "xoxb-s3cret-token"


class TestSlack(HttpContract):
    kind = "slack"
    secrets = ("T000", "s3cret-hook", TOKEN)

    def at(self, port: int) -> Settings:
        return {"api_url": f"http://127.0.0.1:{port}/services/T000/s3cret-hook"}

    async def attachment(self, catcher: Catcher, **settings: Any) -> dict[str, Any]:
        await send(self.entry(catcher.port, **settings))
        posted: dict[str, Any] = catcher.caught[0].json()["attachments"][0]
        return posted

    async def test_it_posts_an_attachment(self, catcher: Catcher) -> None:
        posted = await self.attachment(catcher, text="{{ .CommonAnnotations.summary }}")
        assert posted["title"] == "[FIRING:2] Disk full (critical)"
        assert posted["text"] == "grün & <voll>"
        assert posted["color"] == "danger"
        assert posted["mrkdwn_in"] == ["fallback", "pretext", "text"]
        assert posted["fallback"].startswith("[FIRING:2] Disk full (critical) | http://opsbook")

    async def test_the_end_is_green(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port), notice(resolved=True))
        assert catcher.caught[0].json()["attachments"][0]["color"] == "good"

    async def test_channel_name_and_icon_are_templates(self, catcher: Catcher) -> None:
        settings = {
            "channel": "#{{ .CommonLabels.severity }}",
            "username": "{{ .Status }}",
            "icon_emoji": ":{{ .Status }}:",
            "link_names": True,
        }
        await send(self.entry(catcher.port, **settings))
        posted = catcher.caught[0].json()
        del posted["attachments"]
        assert posted == {
            "channel": "#critical",
            "username": "firing",
            "icon_emoji": ":firing:",
            "link_names": True,
        }

    async def test_fields_are_short_as_they_say_or_as_all_are(self, catcher: Catcher) -> None:
        fields = [{"title": "a", "value": "{{ .Status }}"}, {"title": "b", "value": "2"}]
        fields[1]["short"] = False  # type: ignore[assignment]  # settings are of any type
        posted = await self.attachment(catcher, fields=fields, short_fields=True)
        assert posted["fields"] == [
            {"title": "a", "value": "firing", "short": True},
            {"title": "b", "value": "2", "short": False},
        ]

    async def test_buttons_ask_first_where_they_are_told_to(self, catcher: Catcher) -> None:
        button = {"type": "button", "text": "Open", "url": "{{ .ExternalURL }}"}
        asked = {**button, "confirm": {"text": "Sure?", "ok_text": "Yes"}}
        posted = await self.attachment(catcher, actions=[button, asked])
        plain = {"type": "button", "text": "Open", "url": "http://opsbook.example"}
        confirm = {"text": "Sure?", "ok_text": "Yes", "dismiss_text": ""}
        assert posted["actions"] == [plain, {**plain, "confirm": confirm}]

    async def test_a_long_title_is_cut(self, catcher: Catcher) -> None:
        posted = await self.attachment(catcher, title="ü" * 2_000)
        assert posted["title"] == "ü" * 1_023 + "…"

    async def test_a_bot_signs_in_with_its_token(self, catcher: Catcher) -> None:
        catcher.then(answer(200, '{"ok": true, "ts": "1.2"}', "application/json; charset=utf-8"))
        settings = {"app_token": TOKEN, "app_url": f"{catcher.url}/api/chat.postMessage"}
        delivery = await send(notifier(self.kind, {**settings, "channel": "#ops"}))
        assert catcher.caught[0].headers["authorization"] == f"Bearer {TOKEN}"
        assert '"ts": "1.2"' in delivery.answer

    async def test_a_no_in_a_good_answer_is_a_failure(self, catcher: Catcher) -> None:
        catcher.then(answer(200, '{"ok":false,"error":"channel_not_found"}', "application/json"))
        error = await failure(self.entry(catcher.port))
        assert error.permanent
        assert "channel_not_found" in str(error)

    @pytest.mark.parametrize("reason", ["ratelimited", "internal_error"])
    async def test_a_no_that_passes_is_temporary(self, catcher: Catcher, reason: str) -> None:
        said = f'{{"ok": false, "error": "{reason}"}}'
        catcher.then(answer(200, said, "application/json"))
        assert not (await failure(self.entry(catcher.port))).permanent

    @pytest.mark.parametrize("said", ["", "[]", "no JSON"])
    async def test_json_that_does_not_say_yes_is_a_failure(
        self, catcher: Catcher, said: str
    ) -> None:
        catcher.then(answer(200, said, "application/json"))
        assert (await failure(self.entry(catcher.port))).permanent

    async def test_a_page_in_place_of_ok_is_a_failure(self, catcher: Catcher) -> None:
        catcher.then(answer(200, "<html>Please sign in</html>", "text/html"))
        error = await failure(self.entry(catcher.port))
        assert error.permanent
        assert "Please sign in" in str(error)

    @pytest.mark.parametrize(
        "settings",
        [
            {"actions": [{"type": "button", "text": "Open"}]},
            {"actions": [{"type": "", "text": "Open", "url": "x"}]},
            {"fields": [{"title": "a"}]},
            {"api_url_file": "/a/file"},
            {"mrkdwn_in": ["nothing"]},
        ],
    )
    def test_what_slack_would_not_take_is_refused(self, settings: Settings) -> None:
        with pytest.raises(ValidationError):
            self.entry(1, **settings)

    def test_it_tells_of_ends_only_where_it_is_told_to(self) -> None:
        assert not self.entry(1).send_resolved
