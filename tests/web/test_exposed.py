"""An API that others than the people of its machine can reach."""

import asyncio
import json
import os
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from opsbook.core.errors import BadInputError
from opsbook.state.people import Role
from opsbook.web.server import listen
from opsbook.web.settings import ProxySettings, TlsSettings, WebSettings
from tests.cli.run import OPSBOOK
from tests.requirement import needs_program
from tests.servers.certificate import Authority, Certificate, certified
from tests.web.signing import SILENCE, Signing, signing

OPEN = {"/-/healthy", "/-/ready", "/api/session", "/{path:page}"}
"""What answers before somebody has signed in: nothing in it tells of the platform."""
PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Signing]:
    async with signing(tmp_path, WebSettings(port=0, sign_in="always")) as scene:
        yield scene


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[Signing]:
    """Behind a proxy on this machine."""
    web = WebSettings(port=0, proxy=ProxySettings(trusted=["127.0.0.1"]), hosts=["ops.example"])
    async with signing(tmp_path, web) as scene:
        yield scene


@pytest.fixture
async def encrypted(tmp_path: Path) -> AsyncIterator[tuple[Signing, Certificate]]:
    certificate = certified(tmp_path)
    tls = TlsSettings(certificate=certificate.server, key=certificate.server)
    trust = ssl.create_default_context(cafile=str(certificate.ca))
    web = WebSettings(port=0, tls=tls, sign_in="always")
    async with signing(tmp_path, web, trust=trust) as scene:
        yield scene, certificate


def operations(routes: list[Any]) -> Iterator[tuple[str, str]]:
    """Method and path of all there is, WebSockets as GET."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from operations(inner.routes)
        else:
            yield from ((each, route.path) for each in getattr(route, "methods", None) or {"GET"})


async def test_nothing_is_told_and_nothing_is_done_before_signing_in(scene: Signing) -> None:
    found = {each for each in operations(scene.app.front.api.routes) if each[1] not in OPEN}
    assert {("GET", "/metrics"), ("POST", "/api/v2/silences"), ("GET", "/api/v1/query")} <= found
    answers = {each: await scene.browser.request(*each, json={}) for each in found}
    assert {each: answer.status_code for each, answer in answers.items()} == dict.fromkeys(
        found, 401
    )


async def test_what_is_open_tells_nothing_of_the_platform(scene: Signing) -> None:
    for path in ("/-/healthy", "/api/session", "/", "/services/a"):
        answer = await scene.browser.get(path)
        assert answer.status_code in (200, 503), path
        assert "greets" not in answer.text


async def test_a_viewer_who_signed_in_looks_and_does_nothing(scene: Signing) -> None:
    csrf = await scene.signed_in("ada", Role.VIEWER)
    for path in ("/api/status", "/metrics", "/api/v1/query?query=1", "/api/v2/alerts"):
        assert (await scene.browser.get(path)).status_code == 200, path
    question = await scene.browser.post("/api/v1/query", data={"query": "1"}, headers=csrf)
    assert question.status_code == 200
    for path in ("/api/silences", "/api/v2/silences", "/api/v2/alerts", "/api/v1/write"):
        refused = await scene.browser.post(path, json=SILENCE, headers=csrf)
        assert (refused.status_code, "needs the role operator" in refused.text) == (403, True), path


async def test_a_silence_by_a_client_of_alertmanager_is_recorded_with_who_and_from_where(
    scene: Signing,
) -> None:
    silence = {
        "matchers": [{"name": "a", "value": "b", "isRegex": False, "isEqual": True}],
        "startsAt": "2030-01-01T00:00:00Z",
        "endsAt": "2030-01-01T01:00:00Z",
        "createdBy": "somebody",
        "comment": "x",
    }
    header = scene.token("ada", Role.OPERATOR)
    made = await scene.browser.post("/api/v2/silences", json=silence, headers=header)
    assert made.status_code == 200
    (acted,) = await scene.recorded("access.acted")
    assert (acted["actor"], acted["subject"]) == ("ada", "POST /api/v2/silences")


async def test_a_token_opens_what_the_clients_of_prometheus_ask(scene: Signing) -> None:
    def ask(headers: dict[str, str]) -> Any:
        client = PrometheusConnect(scene.app.web.address, headers=headers)
        return client.custom_query("1")

    assert (await asyncio.to_thread(ask, scene.token("grafana", Role.VIEWER)))[1] == "1"
    with pytest.raises(PrometheusApiClientException, match="401"):
        await asyncio.to_thread(ask, {})


async def test_a_token_opens_what_amtool_asks(scene: Signing, tmp_path: Path) -> None:
    amtool = needs_program("amtool", "prometheus-alertmanager")
    token = scene.token("ada", Role.OPERATOR)["Authorization"].removeprefix("Bearer ")
    config = tmp_path / "http.yml"
    config.write_text(f"authorization: {{credentials: {token}}}\n")
    command = [
        *(amtool, f"--alertmanager.url={scene.app.web.address}", f"--http.config.file={config}"),
        *("silence", "add", "a=b", "-c", "x"),
    ]
    made = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert len((await scene.browser.get("/api/silences", headers=scene.local_token)).json()) == 1


async def test_commands_on_the_machine_show_their_token_where_it_is_asked_for(
    scene: Signing,
) -> None:
    scene.app.data.announce(scene.app.web.address)
    ran = await _opsbook("kpi", "--json", "--data", str(scene.app.data.path))
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["kpis"] == []


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://HERE", "http://127.0.0.1:1", "null"]
)
async def test_a_websocket_of_a_page_from_elsewhere_is_refused(scene: Signing, origin: str) -> None:
    await scene.signed_in("ada", Role.ADMIN)
    assert await _opened(scene, origin=origin) == 403


async def test_a_websocket_is_for_those_who_signed_in(scene: Signing) -> None:
    origin = str(scene.browser.base_url).rstrip("/")
    assert await _opened(scene, origin=origin) == 401
    await scene.signed_in("ada", Role.VIEWER)
    assert await _opened(scene, origin=origin) == 101


async def _opened(scene: Signing, origin: str) -> int:
    """The status with which `/api/live` answers a page."""
    url = scene.app.web.address.replace("http", "ws", 1)
    here = url.removeprefix("ws://")
    cookies = "; ".join(f"{name}={value}" for name, value in scene.browser.cookies.items())
    try:
        async with connect(
            f"{url}/api/live",
            origin=origin.replace("HERE", here),  # type: ignore[arg-type]  # a new type of str
            additional_headers={"Cookie": cookies},
            proxy=None,
        ):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_other_addresses_need_a_certificate_or_a_proxy() -> None:
    with pytest.raises(BadInputError, match=r"web.host 0.0.0.0: .*`web.tls`.*`web.proxy: trusted`"):
        listen(WebSettings(host="0.0.0.0", port=0))


async def test_with_tls_the_cookie_is_secure_and_browsers_stay_with_it(
    encrypted: tuple[Signing, Certificate],
) -> None:
    scene, _ = encrypted
    assert scene.app.front.sign_in.link().startswith("https://127.0.0.1:")
    answer = await scene.sign_in(code=scene.code())
    assert "; Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert (await scene.browser.get("/api/status")).status_code == 200


async def test_commands_speak_tls_and_check_the_certificate(
    encrypted: tuple[Signing, Certificate],
) -> None:
    scene, certificate = encrypted
    scene.app.data.announce(scene.app.web.address)
    words = ("kpi", "--json", "--data", str(scene.app.data.path))
    ran = await _opsbook(*words, OPSBOOK_CA=str(certificate.ca))
    assert ran.returncode == 0, ran.stderr
    refused = await _opsbook(*words)
    assert (refused.returncode, "CERTIFICATE_VERIFY_FAILED" in refused.stderr) == (3, True)
    wrong = await _opsbook(*words, OPSBOOK_CA="/nowhere.pem")
    assert (wrong.returncode, "OPSBOOK_CA=/nowhere.pem cannot be used" in wrong.stderr) == (2, True)


async def test_a_renewed_certificate_is_shown_without_a_restart(
    encrypted: tuple[Signing, Certificate],
) -> None:
    scene, certificate = encrypted
    other = Authority("other")
    other.issue(certificate.server, "127.0.0.1")
    certificate.ca.write_bytes(other.pem)
    scene.app.web.renew()
    trust = ssl.create_default_context(cafile=str(certificate.ca))
    async with httpx2.AsyncClient(verify=trust, trust_env=False) as fresh:
        assert (await fresh.get(f"{scene.app.web.address}/-/healthy")).status_code == 200


async def test_a_renewal_that_does_not_fit_leaves_the_certificate_before(
    encrypted: tuple[Signing, Certificate],
) -> None:
    scene, certificate = encrypted
    key = certificate.server.read_bytes().partition(b"-----BEGIN CERTIFICATE")[0]
    Authority("other").issue(certificate.server, "127.0.0.1", key=False)
    certificate.server.write_bytes(key + certificate.server.read_bytes())
    with pytest.raises(BadInputError, match="KEY_VALUES_MISMATCH"):
        scene.app.web.renew()
    trust = ssl.create_default_context(cafile=str(certificate.ca))
    async with httpx2.AsyncClient(verify=trust, trust_env=False) as fresh:
        assert (await fresh.get(f"{scene.app.web.address}/-/healthy")).status_code == 200


async def test_a_proxy_says_from_where_and_links_bear_its_name(proxied: Signing) -> None:
    assert proxied.app.front.sign_in.link().startswith("https://ops.example/sign-in#")
    proxied.browser.headers |= PROXIED | {"Host": "ops.example"}
    csrf = await proxied.signed_in("ada", Role.OPERATOR)
    cookies = {"Cookie": f"opsbook_session={_text(proxied)}"}
    headers = {**csrf, **cookies, "Origin": "https://ops.example"}
    made = await proxied.browser.post("/api/silences", json=SILENCE, headers=headers)
    assert made.status_code == 200, made.text
    (acted,) = await proxied.recorded("access.acted")
    assert acted["body"] == {"address": "198.51.100.7"}


def _text(scene: Signing) -> str:
    (cookie,) = scene.browser.cookies.jar
    assert cookie.value is not None
    assert cookie.secure
    return cookie.value


async def test_whoever_comes_without_tls_is_not_answered(proxied: Signing) -> None:
    plain = {**PROXIED, "X-Forwarded-Proto": "http", "Host": "ops.example"}
    for path in ("/", "/api/session", "/api/status"):
        refused = await proxied.browser.get(path, headers=plain)
        assert (refused.status_code, "only the proxy is answered" in refused.text) == (403, True)


async def test_nobody_else_says_from_where_they_come(scene: Signing) -> None:
    headers = {**scene.token("ada", Role.OPERATOR), **PROXIED}
    made = await scene.browser.post("/api/silences", json=SILENCE, headers=headers)
    assert "strict-transport-security" not in made.headers
    (acted,) = await scene.recorded("access.acted")
    assert acted["body"] == {"address": "127.0.0.1"}


async def _opsbook(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A command as a user runs it."""
    environment = {name: value for name, value in os.environ.items() if name != "OPSBOOK_TOKEN"}
    return await asyncio.to_thread(
        subprocess.run,
        [*OPSBOOK, *words],
        capture_output=True,
        text=True,
        env=environment | variables,
        timeout=30,
    )
