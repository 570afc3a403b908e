"""Giving and taking what people may do, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsbook.core.clock import ManualClock
from opsbook.state.people import Role
from opsbook.web import people
from tests.web.signing import PASSWORD, SILENCE, Signing, signing

USER = {"name": "ada", "role": "operator", "password": PASSWORD}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def scene(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Signing]:
    async with signing(tmp_path, clock=clock) as scene:
        scene.browser.headers.update(scene.local_token)
        yield scene


@pytest.mark.parametrize("path", ["users", "tokens"])
async def test_only_an_admin_sees_who_may_do_what(scene: Signing, path: str) -> None:
    approver = scene.token("bert", Role.APPROVER)
    assert (await scene.browser.get(f"/api/{path}", headers=approver)).status_code == 403


async def test_a_user_who_was_added_signs_in(scene: Signing) -> None:
    made = await scene.browser.post("/api/users", json=USER)
    assert (made.status_code, PASSWORD in made.text) == (200, False)
    assert (await scene.sign_in(name="ada", password=PASSWORD)).status_code == 200
    (entry,) = await scene.recorded("access.user_added")
    assert (entry["subject"], entry["body"]) == ("ada", {"role": "operator"})


@pytest.mark.parametrize(
    ("change", "said"), [({"password": "too short"}, "12"), ({"name": "a b"}, "a b")]
)
async def test_what_is_no_user_is_refused_with_why(
    scene: Signing, change: dict[str, str], said: str
) -> None:
    refused = await scene.browser.post("/api/users", json={**USER, **change})
    assert (refused.status_code, said in refused.json()["detail"]) == (400, True)


async def test_who_is_disabled_signs_in_no_more_until_they_are_enabled(scene: Signing) -> None:
    await scene.browser.post("/api/users", json=USER)
    for disabled, status in ((True, 401), (False, 200)):
        changed = await scene.browser.patch("/api/users/ada", json={"disabled": disabled})
        assert changed.json()["disabled"] is disabled
        assert (await scene.sign_in(name="ada", password=PASSWORD)).status_code == status
    assert [each["body"]["what"] for each in await scene.recorded("access.user_changed")] == [
        "disabled",
        "enabled",
    ]


async def test_who_was_removed_is_nobody(scene: Signing) -> None:
    await scene.browser.post("/api/users", json=USER)
    assert (await scene.browser.delete("/api/users/ada")).status_code == 200
    assert (await scene.browser.delete("/api/users/ada")).status_code == 404
    assert (await scene.sign_in(name="ada", password=PASSWORD)).status_code == 401


async def test_a_token_is_told_once_and_acts_until_it_ends(
    scene: Signing, clock: ManualClock
) -> None:
    asked = {"name": "deploy", "role": "operator", "expires_seconds": 60}
    made = await scene.browser.post("/api/tokens", json=asked, headers={"Idempotency-Key": "k"})
    text = made.json()["token"]
    shown = {"Authorization": f"Bearer {text}"}
    assert (await scene.browser.post("/api/silences", json=SILENCE, headers=shown)).is_success
    assert text not in (await scene.browser.get("/api/tokens")).text
    clock.advance(61)
    late = await scene.browser.post("/api/silences", json=SILENCE, headers=shown)
    assert late.status_code == 401


async def test_a_token_that_is_revoked_acts_no_more(scene: Signing) -> None:
    asked = {"name": "deploy", "role": "operator"}
    made = (await scene.browser.post("/api/tokens", json=asked)).json()
    assert (await scene.browser.delete(f"/api/tokens/{made['id']}")).is_success
    shown = {"Authorization": f"Bearer {made['token']}"}
    refused = await scene.browser.post("/api/silences", json=SILENCE, headers=shown)
    assert refused.status_code == 401
    (entry,) = await scene.recorded("access.revoked")
    assert entry["body"]["id"] == made["id"]
    assert (await scene.browser.delete("/api/tokens/deploy")).status_code == 404


async def test_what_was_done_and_not_recorded_is_said(
    scene: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_TO_RECORD", 0.05)
    monkeypatch.setattr(scene.app.ledger, "_write", lambda _: False)
    answer = await scene.browser.post("/api/users", json=USER)
    monkeypatch.undo()
    assert (answer.status_code, "it is done" in answer.json()["detail"]) == (503, True)
    assert (await scene.browser.get("/api/users")).json()[0]["name"] == "ada"


async def test_no_token_is_given_that_nobody_could_read_of(
    scene: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_TO_RECORD", 0.05)
    monkeypatch.setattr(scene.app.ledger, "_write", lambda _: False)
    answer = await scene.browser.post("/api/tokens", json={"name": "deploy", "role": "viewer"})
    monkeypatch.undo()
    assert answer.status_code == 503
    assert (await scene.browser.get("/api/tokens")).json() == []
