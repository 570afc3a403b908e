"""`msteamsv2_configs`"""

from tests.alerts.notifiers.catcher import Catcher, answer
from tests.alerts.notifiers.contract import HttpContract, Settings
from tests.alerts.notifiers.notices import notice, send


class TestMsTeamsV2(HttpContract):
    kind = "msteamsv2"
    secrets = ("s3cret-flow",)
    accepted = answer(202)

    def at(self, port: int) -> Settings:
        return {"webhook_url": f"http://127.0.0.1:{port}/workflows/1?sig=s3cret-flow"}

    async def test_it_posts_an_adaptive_card(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port, text="{{ .Status }}"))
        posted = catcher.caught[0].json()
        assert posted["type"] == "message"
        attachment = posted["attachments"][0]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert attachment["contentUrl"] is None
        title, text = attachment["content"]["body"]
        assert (title["text"], title["color"]) == ("[FIRING:2] Disk full (critical)", "Attention")
        assert text == {"type": "TextBlock", "text": "firing", "wrap": True}
        assert attachment["content"]["version"] == "1.2"

    async def test_the_end_is_green(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port), notice(resolved=True))
        card = catcher.caught[0].json()["attachments"][0]["content"]
        assert card["body"][0]["color"] == "Good"

    async def test_a_long_text_is_cut_to_what_teams_takes(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port, text="ü" * 30_000))
        assert len(catcher.caught[0].body) < 28_000
