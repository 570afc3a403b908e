"""`discord_configs`"""

from tests.alerts.notifiers.catcher import Catcher, answer
from tests.alerts.notifiers.contract import HttpContract, Settings
from tests.alerts.notifiers.notices import notice, send


class TestDiscord(HttpContract):
    kind = "discord"
    secrets = ("s3cret-hook",)
    accepted = answer(204)

    def at(self, port: int) -> Settings:
        return {"webhook_url": f"http://127.0.0.1:{port}/api/webhooks/1/s3cret-hook"}

    async def test_it_posts_an_embed(self, catcher: Catcher) -> None:
        settings = {"message": "{{ .Status }}", "content": "<@1>", "username": "ops"}
        await send(self.entry(catcher.port, **settings))
        embed = {
            "title": "[FIRING:2] Disk full (critical)",
            "description": "firing",
            "color": 0x992D22,
        }
        assert catcher.caught[0].json() == {
            "content": "<@1>",
            "embeds": [embed],
            "username": "ops",
        }

    async def test_the_end_is_green(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port), notice(resolved=True))
        assert catcher.caught[0].json()["embeds"][0]["color"] == 0x2ECC71

    async def test_long_texts_are_cut(self, catcher: Catcher) -> None:
        long = "ü" * 5_000
        await send(self.entry(catcher.port, title=long, message=long, content=long))
        posted = catcher.caught[0].json()
        assert posted["embeds"][0]["title"] == "ü" * 255 + "…"
        assert posted["embeds"][0]["description"] == "ü" * 4_095 + "…"
        assert posted["content"] == "ü" * 1_999 + "…"
