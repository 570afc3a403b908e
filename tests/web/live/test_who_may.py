"""Who may open a page, and for how long."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from opsbook.state.people import Role
from opsbook.state.sessions import Sessions
from opsbook.state.tokens import Tokens
from opsbook.web.settings import WebSettings
from tests.services.platform import Platform, watched
from tests.web.live.tab import OpenTab, a_tab


def still(directory: Path) -> Path:
    book = directory / "book.yaml"
    book.write_text('{"platform": {"name": "still"}}')
    return book


async def session(platform: Platform) -> dict[str, str]:
    """The cookie of somebody who has signed in with the link."""
    address, code = platform.app.web.address, platform.app.front.sign_in.link().partition("#")[2]
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        answer = await client.post(address + "/api/session", json={"code": code})
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


async def end_of(tab: OpenTab, within: float) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(within):
            while True:
                await tab.hear(within)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


async def test_whose_session_is_revoked_is_turned_away(tmp_path: Path) -> None:
    async with watched(still(tmp_path), tmp_path / "data") as platform:
        cookie, app = await session(platform), platform.app
        async with a_tab(app.web.address, headers=cookie) as tab:
            assert (await tab.hear())["kind"] == "state"
            sessions = Sessions(app.state.engine, app.clock)
            for each in sessions.list():
                sessions.end(each.id)
            assert await end_of(tab, within=5.5) == 4401


async def test_where_looking_needs_a_viewer_nobody_else_is_let_in(tmp_path: Path) -> None:
    web = WebSettings(port=0, sign_in="always")
    async with watched(still(tmp_path), tmp_path / "data", web) as platform:
        app = platform.app
        with pytest.raises(InvalidStatus) as caught:
            async with a_tab(app.web.address):
                pass
        assert caught.value.response.status_code == 401
        async with a_tab(app.web.address, headers=await session(platform)) as tab:
            assert (await tab.hear())["kind"] == "state"
        token = Tokens(app.state.engine, app.clock).issue("tv", Role.VIEWER)
        async with a_tab(app.web.address, headers={"Authorization": f"Bearer {token}"}) as tab:
            assert (await tab.hear())["kind"] == "state"


async def test_a_session_does_not_help_a_page_of_another_site(tmp_path: Path) -> None:
    async with watched(still(tmp_path), tmp_path / "data") as platform:
        cookie = await session(platform)
        with pytest.raises(InvalidStatus) as caught:
            async with a_tab(
                platform.app.web.address, headers=cookie, origin="http://evil.example"
            ):
                pass
        assert caught.value.response.status_code == 403
        assert platform.app.front.live.turns == 0
