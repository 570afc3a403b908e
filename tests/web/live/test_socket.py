"""Pages over real sockets, on a living platform."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from opsbook.web.live.model import LiveState
from tests.eventually import eventually
from tests.services.platform import Platform, one_service, watched
from tests.web.live.tab import OpenTab, a_tab


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        yield platform


def address_of(platform: Platform) -> str:
    return platform.app.web.address


async def closed(tab: OpenTab, within: float = 5) -> tuple[int, str]:
    """With what code and reason it is closed."""
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(within):
            while True:
                await tab.hear(within)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


async def test_a_page_is_told_everything_first(platform: Platform) -> None:
    async with a_tab(address_of(platform)) as tab:
        message = await tab.hear()
    state = LiveState.model_validate(message)
    assert set(message["topics"]) == set(type(state.topics).model_fields)
    assert state.topics.platform["now"].platform == "small"
    assert state.topics.services["a"].state == "up"
    assert state.topics.checks["a-greets"].conditions[0].actual == "ready"


async def test_a_killed_service_is_told_within_a_second(tmp_path: Path) -> None:
    book = one_service(tmp_path, restart={"at_most": 0})
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        async with a_tab(address_of(platform)) as tab:
            await tab.hear()
            platform.kill()
            began = monotonic()
            await tab.until(lambda _: tab.topics["services"]["a"]["state"] == "down")
            assert monotonic() - began < 1.0
            await tab.until(lambda _: tab.topics["checks"]["a-greets"]["state"] == "down")
            assert monotonic() - began < 2.0
            await tab.until(lambda _: tab.topics["platform"]["now"]["state"] == "down")


async def test_two_pages_are_told_the_same_bytes(platform: Platform) -> None:
    async with a_tab(address_of(platform)) as one, a_tab(address_of(platform)) as other:
        for tab in (one, other):
            await tab.hear()
        last = platform.app.front.live.seq + 3
        for tab in (one, other):
            await tab.until(lambda message: message["seq"] >= last)
        both = set(one.texts) & set(other.texts)
        assert sum('"change"' in text for text in both) >= 3


async def test_who_comes_back_is_told_what_was_missed(platform: Platform) -> None:
    async with a_tab(address_of(platform)) as stays:
        await stays.hear()
        async with a_tab(address_of(platform)) as left:
            await left.hear()
        missed = left.since["seq"] + 3 if left.since else 0
        await stays.until(lambda message: message["seq"] >= missed)
        async with a_tab(address_of(platform), known=left) as back:
            while back.since is None or back.since["seq"] < missed:
                assert (await back.hear())["kind"] == "change"
    assert back.texts[:3] == [each for each in stays.texts if '"change"' in each][-3:]


async def test_who_knows_another_life_begins_anew(platform: Platform) -> None:
    async with a_tab(address_of(platform)) as first:
        await first.hear()
    first.since = {"epoch": "another", "seq": 0}
    async with a_tab(address_of(platform), known=first) as back:
        assert (await back.hear())["kind"] == "state"


async def test_nobody_listens_and_nothing_is_looked_at(platform: Platform) -> None:
    live = platform.app.front.live
    assert live.turns == 0
    async with a_tab(address_of(platform)) as tab:
        await tab.hear()
        await tab.until(lambda message: message["kind"] == "change")
    await eventually(lambda: not live.busy)
    turns, looks = live.turns, platform.app.watch.looks
    await eventually(lambda: platform.app.watch.looks > looks + 3)
    assert live.turns == turns > 1


async def test_the_state_is_there_over_http_too(platform: Platform) -> None:
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        answer = await client.get(address_of(platform) + "/api/live")
    assert answer.headers["content-type"] == "application/json"
    assert LiveState.model_validate_json(answer.content).topics.services["a"].state == "up"


async def test_a_page_of_another_site_is_refused(platform: Platform) -> None:
    url = address_of(platform).replace("http", "ws") + "/api/live"
    for origin in (Origin("http://evil.example"), Origin("null"), None):
        with pytest.raises(InvalidStatus) as caught:
            async with connect(url, origin=origin, proxy=None):
                pass
        assert caught.value.response.status_code == 403
    assert platform.app.front.live.turns == 0


async def test_a_program_with_a_token_is_let_in(platform: Platform) -> None:
    url = address_of(platform).replace("http", "ws") + "/api/live"
    token = (platform.app.data.path / "token").read_text()
    shown = {"Authorization": f"Bearer {token.strip()}"}
    async with connect(url, additional_headers=shown, proxy=None) as connection:
        await connection.send("{}")
        assert json.loads(await connection.recv())["kind"] == "state"


async def test_what_is_no_question_ends_it(platform: Platform) -> None:
    for said in ("", "[]", '{"since": 3}', '{"other": 1}', json.dumps({"follow": ["x"] * 6})):
        async with a_tab(address_of(platform)) as tab:
            await tab.hear()
            await tab.connection.send(said)
            code, _ = await closed(tab)
            assert code == 1008


async def test_beyond_the_most_a_page_is_told_so(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.web.live.socket.MOST", 2)
    url = address_of(platform).replace("http", "ws") + "/api/live"
    async with a_tab(address_of(platform)) as one, a_tab(address_of(platform)) as two:
        await one.hear()
        await two.hear()
        async with connect(url, origin=Origin(address_of(platform)), proxy=None) as third:
            told = await closed(OpenTab(third))
            assert told == (1013, "2 pages are open already; close some")
        await one.hear()
    async with a_tab(address_of(platform)) as again:
        assert (await again.hear())["kind"] == "state"


async def test_who_does_not_read_is_dropped_and_others_do_not_notice(platform: Platform) -> None:
    async with a_tab(address_of(platform)) as tab:
        await tab.hear()
        with await asyncio.to_thread(_deaf, platform) as deaf:
            await eventually(lambda: len(platform.app.front.live.outboxes) == 2)
            began = monotonic()
            while len(platform.app.front.live.outboxes) == 2:
                platform.app.front.live._tell(json.dumps({"kind": "noise", "text": "x" * 100_000}))
                await asyncio.sleep(0)
                assert monotonic() - began < 10
            heard = monotonic()
            await tab.until(lambda message: message["kind"] != "noise")
            assert monotonic() - heard < 2
            await eventually(lambda: _hung_up(deaf), within=5)


def _deaf(platform: Platform) -> socket.socket:
    """A page that asks and never reads."""
    host, port = "127.0.0.1", int(address_of(platform).rpartition(":")[2])
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((host, port))
    deaf.sendall(
        f"GET /api/live HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    while b"\r\n\r\n" not in deaf.recv(4096):
        pass
    deaf.sendall(b"\x81\x82\0\0\0\0{}")
    return deaf


def _hung_up(deaf: socket.socket) -> Any:
    """Whether a write is answered with a reset: nothing of it is kept on the other side."""
    try:
        deaf.sendall(b"\x8a\x80\0\0\0\0")
    except OSError:
        return True
    return False


async def test_a_page_ends_with_the_process(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with watched(one_service(tmp_path), tmp_path / "data") as platform:
            await platform.well()
            tab = await stack.enter_async_context(a_tab(address_of(platform)))
            await tab.hear()
            began = monotonic()
        assert monotonic() - began < 5
        assert (await closed(tab))[0] == 1012


async def test_a_page_is_told_in_silence_that_all_is_well(tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text('{"platform": {"name": "still"}}')
    async with watched(book, tmp_path / "data") as platform, a_tab(address_of(platform)) as tab:
        await tab.hear()
        for _ in range(3):
            assert (await tab.hear(within=2.5))["kind"] in ("beat", "change")
        assert "beat" in tab.kinds()
