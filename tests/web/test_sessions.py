"""Signing in and out with a browser."""

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx2
import pytest

from opsbook.core.clock import ManualClock
from opsbook.state.people import Role
from opsbook.state.sessions import IDLE
from opsbook.web.codes import LASTS
from opsbook.web.settings import WebSettings
from tests.web.signing import PASSWORD, SILENCE, Signing, signing


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def scene(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Signing]:
    async with signing(tmp_path, clock=clock) as scene:
        yield scene


async def test_nobody_is_known_who_did_not_sign_in(scene: Signing) -> None:
    answer = await scene.browser.get("/api/session")
    assert answer.json() == {"person": None, "csrf": None, "expires_at": None, "ways": ["code"]}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_code_is_good_once(scene: Signing) -> None:
    code = scene.code()
    answer = await scene.sign_in(code=code)
    assert answer.json()["person"] == {"name": scene.app.front.sign_in.bearer.name, "role": "admin"}
    assert (await scene.browser.get("/api/session")).json()["person"]["role"] == "admin"
    refused = await scene.sign_in(code=code)
    assert (refused.status_code, "`opsbook sign-in` makes one" in refused.text) == (401, True)


async def test_a_code_is_good_for_ten_minutes(scene: Signing, clock: ManualClock) -> None:
    code = scene.code()
    clock.advance(LASTS)
    assert (await scene.sign_in(code=code)).status_code == 401


async def test_an_admin_makes_codes_and_an_approver_does_not(scene: Signing) -> None:
    made = await scene.browser.post("/api/session/codes", headers=scene.local_token)
    assert made.json()["path"] == "/sign-in"
    assert (await scene.sign_in(code=made.json()["code"])).status_code == 200
    approver = scene.token("ada", Role.APPROVER)
    assert (await scene.browser.post("/api/session/codes", headers=approver)).status_code == 403


async def test_somebody_signs_in_with_their_password_and_acts_under_their_name(
    scene: Signing,
) -> None:
    csrf = await scene.signed_in("ada", Role.OPERATOR)
    made = await scene.browser.post("/api/silences", json=SILENCE, headers=csrf)
    assert made.json()["created_by"] == "ada"
    (acted,) = await scene.recorded("access.acted")
    assert (acted["actor"], acted["subject"]) == ("ada", "POST /api/silences")
    assert acted["body"] == {"address": "127.0.0.1"}


async def test_no_script_and_no_other_site_has_the_cookie(scene: Signing) -> None:
    answer = await scene.sign_in(code=scene.code())
    cookie = SimpleCookie(answer.headers["set-cookie"])["opsbook_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert (cookie["domain"], cookie["secure"]) == ("", "")
    assert cookie.value not in answer.text


async def test_the_cookie_is_for_the_prefix_alone(tmp_path: Path) -> None:
    async with signing(tmp_path, WebSettings(port=0, prefix="/ops")) as scene:
        assert "/ops/sign-in#" in scene.app.front.sign_in.link()
        answer = await scene.sign_in(code=scene.code())
        assert "Path=/ops;" in answer.headers["set-cookie"]
        assert (await scene.browser.get("/api/session")).json()["person"] is not None


@pytest.mark.parametrize("sent", [{}, {"X-Opsbook-CSRF": ""}, {"X-Opsbook-CSRF": "0" * 64}])
async def test_a_change_by_session_that_no_page_of_ours_sends_is_refused(
    scene: Signing, sent: dict[str, str]
) -> None:
    await scene.signed_in("ada", Role.OPERATOR)
    answer = await scene.browser.post("/api/silences", json=SILENCE, headers=sent)
    assert (answer.status_code, "needs the header X-Opsbook-CSRF" in answer.text) == (403, True)
    assert (await scene.browser.get("/api/silences")).json() == []


async def test_what_belongs_to_one_session_is_of_no_use_to_another(scene: Signing) -> None:
    bobs = await scene.signed_in("bob", Role.OPERATOR)
    await scene.signed_in("ada", Role.OPERATOR)
    answer = await scene.browser.post("/api/silences", json=SILENCE, headers=bobs)
    assert answer.status_code == 403


async def test_a_session_does_not_lend_a_token_its_role(scene: Signing) -> None:
    csrf = await scene.signed_in("ada", Role.ADMIN)
    wrong = {"Authorization": "Bearer opsbook_wrong", **csrf}
    answer = await scene.browser.post("/api/silences", json=SILENCE, headers=wrong)
    assert (answer.status_code, "token is unknown" in answer.text) == (401, True)


async def test_signing_out_ends_the_session_for_whoever_has_its_cookie(scene: Signing) -> None:
    csrf = await scene.signed_in("ada", Role.VIEWER)
    stolen = dict(scene.browser.cookies)
    assert (await scene.browser.delete("/api/session")).status_code == 403
    answer = await scene.browser.delete("/api/session", headers=csrf)
    assert (answer.status_code, dict(scene.browser.cookies)) == (200, {})
    async with httpx2.AsyncClient(base_url=scene.browser.base_url, cookies=stolen) as thief:
        assert (await thief.get("/api/session")).json()["person"] is None
    (left,) = await scene.recorded("access.signed_out")
    assert (left["actor"], left["body"]["address"]) == ("ada", "127.0.0.1")


async def test_a_session_that_ended_is_told_to_sign_in_again(
    scene: Signing, clock: ManualClock
) -> None:
    csrf = await scene.signed_in("ada", Role.OPERATOR)
    clock.advance(IDLE)
    answer = await scene.browser.post("/api/silences", json=SILENCE, headers=csrf)
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "the session has ended: sign in again",
    )


async def test_one_sees_and_ends_ones_own_sessions_and_an_admin_all(scene: Signing) -> None:
    await scene.signed_in("bob", Role.OPERATOR)
    csrf = await scene.signed_in("ada", Role.VIEWER)
    (own,) = (await scene.browser.get("/api/sessions")).json()
    assert (own["name"], own["current"], own["address"]) == ("ada", True, "127.0.0.1")
    assert (await scene.browser.delete("/api/sessions/bob", headers=csrf)).status_code == 404
    admin = scene.local_token
    everybody = (await scene.browser.get("/api/sessions", headers=admin)).json()
    assert [each["name"] for each in everybody] == ["ada", "bob"]
    gone = await scene.browser.delete(f"/api/sessions/{own['id']}", headers=admin)
    assert [each["name"] for each in gone.json()] == ["ada"]
    assert (await scene.browser.get("/api/session")).json()["person"] is None


async def test_who_is_removed_while_signed_in_is_nobody_at_once(scene: Signing) -> None:
    csrf = await scene.signed_in("ada", Role.OPERATOR)
    scene.users.remove("ada")
    answer = await scene.browser.post("/api/silences", json=SILENCE, headers=csrf)
    assert answer.status_code == 401


async def test_wrong_names_and_wrong_passwords_are_refused_alike(scene: Signing) -> None:
    scene.users.add("ada", Role.ADMIN, PASSWORD)
    answers = [
        await scene.sign_in(name="ada", password="not that one, no"),
        await scene.sign_in(name="nobody", password=PASSWORD),
        await scene.sign_in(name="ada", password=""),
    ]
    assert [each.status_code for each in answers] == [401] * 3
    assert len({each.text for each in answers}) == 1


async def test_what_was_tried_is_recorded_without_what_was_typed(
    scene: Signing, tmp_path: Path
) -> None:
    scene.users.add("ada", Role.ADMIN, PASSWORD)
    await scene.sign_in(name="ada", password="typed-here-by-mistake-1")
    await scene.sign_in(name="typed-here-by-mistake-2", password="x")
    tried = await scene.recorded("access.sign_in_refused")
    assert [each["subject"] for each in tried] == ["ada", "unknown"]
    assert {each["body"]["address"] for each in tried} == {"127.0.0.1"}
    files = (tmp_path / "data").rglob("*")
    written = b"".join(file.read_bytes() for file in files if file.is_file())
    assert b"typed-here-by-mistake" not in written


async def test_after_five_failures_one_waits_and_the_right_password_waits_too(
    scene: Signing, clock: ManualClock
) -> None:
    scene.users.add("ada", Role.ADMIN, PASSWORD)
    for _ in range(5):
        assert (await scene.sign_in(name="ada", password="wrong")).status_code == 401
    refused = await scene.sign_in(name="ada", password=PASSWORD)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "15")
    assert "looked at in 15 s" in refused.json()["detail"]
    clock.advance(15)
    assert (await scene.sign_in(name="ada", password=PASSWORD)).status_code == 200


async def test_codes_are_not_guessed_either(scene: Signing) -> None:
    for _ in range(5):
        assert (await scene.sign_in(code="guess")).status_code == 401
    assert (await scene.sign_in(code=scene.code())).status_code == 429


async def test_half_a_sign_in_is_told_and_not_repeated(scene: Signing) -> None:
    answer = await scene.sign_in(password="somebodys secret words")
    assert (answer.status_code, "somebodys" in answer.text) == (422, False)
    assert "give a code, or a name and a password" in answer.text


async def test_a_page_of_another_site_signs_nobody_in(scene: Signing) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = await scene.browser.post("/api/session", json={"code": scene.code()}, headers=headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
