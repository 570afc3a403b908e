"""`msteams_configs`"""

import pytest

from tests.alerts.notifiers.catcher import Catcher, answer
from tests.alerts.notifiers.contract import HttpContract, Settings
from tests.alerts.notifiers.notices import failure, notice, send


class TestMsTeams(HttpContract):
    kind = "msteams"
    secrets = ("s3cret-hook",)
    accepted = answer(200, "1")

    def at(self, port: int) -> Settings:
        return {"webhook_url": f"http://127.0.0.1:{port}/webhookb2/s3cret-hook"}

    async def test_it_posts_a_message_card(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port, text="{{ .Status }}", summary="s"))
        assert catcher.caught[0].json() == {
            "@context": "http://schema.org/extensions",
            "@type": "MessageCard",
            "title": "[FIRING:2] Disk full (critical)",
            "summary": "s",
            "text": "firing",
            "themeColor": "8C1A1A",
        }

    async def test_the_end_is_green(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port), notice(resolved=True))
        assert catcher.caught[0].json()["themeColor"] == "2DC72D"

    async def test_a_long_text_is_cut_to_what_teams_takes(self, catcher: Catcher) -> None:
        await send(self.entry(catcher.port, text="ü" * 30_000))
        assert len(catcher.caught[0].body) < 28_000
        assert catcher.caught[0].json()["text"].endswith("ü…")

    @pytest.mark.parametrize(("status", "permanent"), [(429, False), (503, False), (413, True)])
    async def test_a_no_of_teams_in_a_good_answer_is_a_failure(
        self, catcher: Catcher, status: int, permanent: bool
    ) -> None:
        said = "Webhook message delivery failed with error: Microsoft Teams endpoint returned "
        catcher.then(answer(200, f"{said}HTTP error {status} with ContextId tcid=1"))
        assert (await failure(self.entry(catcher.port))).permanent is permanent
