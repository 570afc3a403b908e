"""How much of a request is read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.web.signing import Signing, signing

MOST = 1024 * 1024


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Signing]:
    async with signing(tmp_path) as scene:
        yield scene


async def send(scene: Signing, path: str, size: int, kind: str = "application/json") -> int:
    body, headers = b" " * size, {"Content-Type": kind}
    return (await scene.browser.post(path, content=body, headers=headers)).status_code


async def test_a_large_body_is_refused_before_it_is_known_who_sends_it(scene: Signing) -> None:
    assert await send(scene, "/api/silences", MOST + 1) == 413
    assert await send(scene, "/api/silences", MOST) in (401, 422)


async def test_it_is_refused_from_its_length_alone(scene: Signing) -> None:
    parts = urlsplit(scene.app.web.address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: {MOST + 1}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(5):
        assert await reader.readline() == b"HTTP/1.1 413 Request Entity Too Large\r\n"
    writer.close()


@pytest.mark.parametrize("path", ["/api/session", "/api/v2/alerts"])
async def test_a_body_of_untold_length_is_read_up_to_the_bound(scene: Signing, path: str) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 64 * MOST:
            sent += 65_536
            yield b" " * 65_536

    headers = {"Content-Type": "application/json"}
    answer = await scene.browser.post(path, content=endless(), headers=headers)
    assert (answer.status_code, "larger than 1048576 bytes" in answer.text) == (413, True)


async def test_samples_may_be_pushed_in_larger_pieces(scene: Signing) -> None:
    assert await send(scene, "/api/v1/write", 2 * MOST, "application/x-protobuf") != 413
