"""A check looked at now."""

from pathlib import Path

from opsbook.state.people import Role
from tests.web.client import answering, someone


async def test_a_look_that_is_asked_for_is_made_at_once_and_counts(tmp_path: Path) -> None:
    async with answering(tmp_path) as (platform, client):
        before = platform.app.watch.looks
        answer = await client.post("/api/checks/a-greets/look")
        assert (answer.status_code, answer.json()["state"]) == (200, "up")
        assert answer.json()["measurements"]["greeting"] == "ready"
        assert platform.app.watch.looks > before


async def test_a_check_that_is_not_there_is_told_with_the_one_that_was_meant(
    tmp_path: Path,
) -> None:
    async with answering(tmp_path) as (_, client):
        answer = await client.post("/api/checks/a-greet/look")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "there is no check 'a-greet'; did you mean a-greets?"


async def test_who_may_only_look_at_pages_has_nothing_looked_at(tmp_path: Path) -> None:
    async with answering(tmp_path) as (platform, _), someone(platform, "eve", Role.VIEWER) as eve:
        assert (await eve.post("/api/checks/a-greets/look")).status_code == 403
