"""HelixFlow's inference-pool works with more or fewer workers as it runs."""

import asyncio
import json
import socket
import subprocess
from pathlib import Path

import pytest

from opsbook.platforms.helixflow.home import prepare
from opsbook.platforms.helixflow.ports import Ports
from opsbook.services.orders import Order
from tests.platforms.helixflow import HOST, Running, eventually, running
from tests.services.platform import watched


def scale(home: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [home / "bin/scale-inference-pool", *words], timeout=10, capture_output=True
    )


def workers(home: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([home / "bin/count-inference-workers"], timeout=10, capture_output=True)


def waiting(platform: Running) -> int:
    return int(platform.get("inference-pool").json()["waiting"])


def test_those_who_wait_are_served_when_there_are_more_workers(tmp_path: Path) -> None:
    with running(tmp_path, "inference-pool") as platform:
        scale(tmp_path, "1")
        eventually(lambda: workers(tmp_path).stdout == b"1\n")
        pid = platform.processes["inference-pool"].pid
        body = json.dumps({"model": "helix-7b", "prompt": "x", "max_tokens": 250}).encode()
        request = b"POST /generate HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        clients = [socket.create_connection((HOST, platform.ports.inference)) for _ in range(20)]
        for client in clients:
            client.sendall(request)
        eventually(lambda: waiting(platform) > 15)
        assert scale(tmp_path, "3").returncode == 0
        eventually(lambda: platform.get("inference-pool").json()["busy"] == 3)
        assert platform.processes["inference-pool"].pid == pid
        for client in clients:
            client.close()


@pytest.mark.parametrize("words", [(), ("0",), ("65",), ("many",), ("1", "2"), ("9" * 5000,)])
def test_what_is_no_number_of_workers_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    prepare(tmp_path)
    assert scale(tmp_path, *words).returncode == 2
    assert (tmp_path / "config/MAX_WORKERS").read_text() == "4\n"


def test_a_pool_that_is_not_there_has_no_number_of_workers(tmp_path: Path) -> None:
    prepare(tmp_path, Ports.free())
    done = workers(tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"does not say how many workers" in done.stderr


async def test_its_book_scales_it_by_order(tmp_path: Path) -> None:
    book = prepare(tmp_path / "helix", Ports.free())
    async with watched(book, tmp_path / "data") as platform:
        await platform.well("inference-pool", within=20)
        more = Order("scale", by="ada", why="Monday", replicas=8)
        async with asyncio.timeout(20):
            done = await platform.app.services.order("inference-pool", more)
        assert (done.verified, done.before, done.after) == (True, "4 replicas", "8 replicas")
        assert set(done.dependents) == {"api-gateway", "api-gateway-grpc"}
