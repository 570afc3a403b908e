"""Signing in at a provider, over real sockets."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import OctKey

from opsbook.core.secrets import Secret
from opsbook.state.people import Role
from opsbook.web.oidc.settings import OidcRoles, OidcSettings
from opsbook.web.settings import WebSettings
from tests.servers.oidc import CLIENT, SECRET, Provider, new_key, provider
from tests.web.signing import SILENCE, Signing, signing

ROLES = OidcRoles(viewer=["everybody"], operator=["sre"], approver=["leads"])


@pytest.fixture
def idp() -> Iterator[Provider]:
    with provider() as made:
        yield made


@pytest.fixture
async def scene(
    tmp_path: Path, idp: Provider, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Signing]:
    monkeypatch.setenv("OIDC_SECRET", SECRET)
    oidc = OidcSettings(
        issuer=idp.issuer,
        client_id=CLIENT,
        client_secret=Secret("env:OIDC_SECRET"),
        roles=ROLES,
    )
    async with signing(tmp_path, WebSettings(port=0, prefix="/ops", oidc=oidc)) as scene:
        yield scene


async def leave(scene: Signing) -> str:
    """To the provider and back: the URL of the callback."""
    there = await scene.browser.get("/api/session/oidc")
    assert there.status_code == 303, there.text
    async with httpx2.AsyncClient(trust_env=False) as elsewhere:
        back: str = (await elsewhere.get(there.headers["location"])).headers["location"]
    return back


async def sign_in(scene: Signing) -> httpx2.Response:
    return await scene.browser.get(await leave(scene))


async def test_somebody_whom_the_provider_knows_acts_under_their_name(scene: Signing) -> None:
    answer = await sign_in(scene)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ops/")
    known = (await scene.browser.get("/api/session")).json()
    assert known["person"] == {"name": "ada", "role": "operator"}
    assert known["ways"] == ["code", "oidc"]
    csrf = {"X-Opsbook-CSRF": known["csrf"]}
    made = await scene.browser.post("/api/silences", json=SILENCE, headers=csrf)
    assert made.json()["created_by"] == "ada"
    (signed_in,) = await scene.recorded("access.signed_in")
    assert (signed_in["actor"], signed_in["body"]["way"]) == ("ada", "oidc")


async def test_the_way_there_has_a_challenge_and_the_cookie_does_not_leave_us(
    scene: Signing,
) -> None:
    there = await scene.browser.get("/api/session/oidc")
    asked = parse_qs(urlsplit(there.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid profile"]
    assert asked["nonce"] != asked["state"] != asked["code_challenge"]
    cookie = there.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/ops/api/session/oidc" in cookie


@pytest.mark.parametrize(
    ("groups", "role"),
    [(["everybody"], Role.VIEWER), (["sre", "leads"], Role.APPROVER), ("sre", Role.OPERATOR)],
)
async def test_the_highest_role_counts(
    scene: Signing, idp: Provider, groups: Any, role: Role
) -> None:
    idp.person["groups"] = groups
    await sign_in(scene)
    assert (await scene.browser.get("/api/session")).json()["person"]["role"] == role.value


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ({"preferred_username": "ada", "groups": ["guests"]}, "ada has no role here"),
        ({"preferred_username": "ada"}, "ada has no role here"),
        ({"preferred_username": "ada (through root)", "groups": ["sre"]}, "holds no name"),
        ({"groups": ["sre"]}, "preferred_username holds no name"),
    ],
)
async def test_whom_the_book_does_not_know_is_not_let_in(
    scene: Signing, idp: Provider, person: dict[str, Any], said: str
) -> None:
    idp.person = person
    answer = await sign_in(scene)
    assert (answer.status_code, said in answer.json()["detail"]) == (403, True), answer.text
    await nobody(scene)


async def nobody(scene: Signing) -> None:
    assert (await scene.browser.get("/api/session")).json()["person"] is None
    assert await scene.recorded("access.signed_in") == []
    (refused,) = await scene.recorded("access.sign_in_refused")
    assert refused["body"]["way"] == "oidc"


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (lambda claims: claims.update(nonce="another"), "nonce"),
        (lambda claims: claims.pop("nonce"), "nonce"),
        (lambda claims: claims.update(aud="another"), "aud"),
        (lambda claims: claims.update(aud=[CLIENT, "another"]), "azp"),
        (lambda claims: claims.update(iss="http://127.0.0.1:1"), "iss"),
        (lambda claims: claims.update(exp=int(time.time()) - 61), "exp"),
        (lambda claims: claims.update(iat=int(time.time()) + 600), "in the future"),
        (lambda claims: claims.pop("sub"), "sub"),
        (lambda claims: claims.update(at_hash="wrong"), "at_hash"),
    ],
)
async def test_a_token_for_somebody_else_or_from_another_time_is_refused(
    scene: Signing, idp: Provider, alter: Callable[[dict[str, Any]], None], said: str
) -> None:
    idp.alter = alter
    answer = await sign_in(scene)
    assert (answer.status_code, "ID token is not believed" in answer.text) == (401, True)
    assert said in answer.text
    await nobody(scene)


async def test_a_token_signed_with_another_key_of_the_same_name_is_refused(
    scene: Signing, idp: Provider
) -> None:
    idp.shown = new_key("first")
    assert (await sign_in(scene)).status_code == 401
    await nobody(scene)


async def test_a_token_signed_with_an_unknown_key_is_refused(scene: Signing, idp: Provider) -> None:
    idp.shown = new_key("second")
    answer = await sign_in(scene)
    assert (answer.status_code, "does not know its key" in answer.text) == (401, True)
    await nobody(scene)


async def test_a_token_signed_with_the_secret_of_the_client_is_refused(
    scene: Signing, idp: Provider
) -> None:
    idp.algorithm, idp.shown = "HS256", new_key("first")
    idp.key = OctKey.import_key(SECRET * 2, {"kid": "first"})  # type: ignore[assignment]
    assert (await sign_in(scene)).status_code == 401
    await nobody(scene)


async def test_a_way_back_that_another_browser_began_is_refused(scene: Signing) -> None:
    back = await leave(scene)
    scene.browser.cookies.clear()
    answer = await scene.browser.get(back)
    assert (answer.status_code, "begun elsewhere" in answer.text) == (401, True)
    await nobody(scene)


@pytest.mark.parametrize("state", ["", "x", "9999999999.x.y"])
async def test_a_way_back_that_nobody_began_is_refused(scene: Signing, state: str) -> None:
    scene.browser.cookies.set("opsbook_oidc", state)
    answer = await scene.browser.get(
        "/api/session/oidc/callback", params={"code": "x", "state": state}
    )
    assert answer.status_code == 401
    await nobody(scene)


async def test_the_code_of_somebody_else_is_refused(scene: Signing) -> None:
    """It was given for another challenge."""
    theirs = parse_qs(urlsplit(await leave(scene)).query)["code"][0]
    mine = await leave(scene)
    code = parse_qs(urlsplit(mine).query)["code"][0]
    answer = await scene.browser.get(mine.replace(code, theirs))
    assert (answer.status_code, "invalid_grant" in answer.text) == (401, True)
    await nobody(scene)


async def test_what_the_provider_refuses_is_told(scene: Signing) -> None:
    back = await leave(scene)
    state = parse_qs(urlsplit(back).query)["state"][0]
    answer = await scene.browser.get(
        "/api/session/oidc/callback", params={"error": "access_denied", "state": state}
    )
    assert (answer.status_code, "the provider says: access_denied" in answer.text) == (401, True)


async def test_another_provider_is_not_taken_for_it(scene: Signing) -> None:
    answer = await scene.browser.get(f"{await leave(scene)}&iss=https://evil.example")
    assert (answer.status_code, "another provider sent it" in answer.text) == (401, True)


async def test_a_provider_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_SECRET", SECRET)
    oidc = OidcSettings(
        issuer="http://127.0.0.1:1",
        client_id=CLIENT,
        client_secret=Secret("env:OIDC_SECRET"),
        roles=ROLES,
    )
    async with signing(tmp_path, WebSettings(port=0, oidc=oidc)) as scene:
        answer = await scene.browser.get("/api/session/oidc")
        assert (answer.status_code, "cannot be asked" in answer.text) == (502, True)


async def test_a_provider_that_calls_itself_otherwise_is_not_believed(
    scene: Signing, idp: Provider
) -> None:
    idp.issuer = "https://another.example"
    answer = await scene.browser.get("/api/session/oidc")
    assert (answer.status_code, "mend web.oidc.issuer" in answer.text) == (502, True)


async def test_keys_that_are_replaced_are_fetched_again(
    scene: Signing, idp: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.web.oidc.provider._ASKED_AGAIN", 0.0)
    assert (await sign_in(scene)).status_code == 303
    idp.key = new_key("second")
    assert (await sign_in(scene)).status_code == 303
