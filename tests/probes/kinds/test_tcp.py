"""The `tcp` kind against real sockets."""

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from opsbook.probes.model import State
from tests.probes.checks import look
from tests.probes.kinds.contract import HangingContract, ProbeContract, Settings
from tests.servers.loopback import Handler, closing, endless, free_port, serving, silent


async def greeting(reader: object, writer: object) -> None:
    writer.write(b"220 ready\r\n")  # type: ignore[attr-defined]
    await writer.drain()  # type: ignore[attr-defined]


class TestTcp(ProbeContract, HangingContract):
    kind: ClassVar[str] = "tcp"

    @pytest.fixture
    async def healthy(self) -> AsyncIterator[Settings]:
        async with serving(greeting) as port:
            yield {"host": "127.0.0.1", "port": port, "greeting": True}

    @pytest.fixture
    async def broken(self) -> Settings:
        return {"host": "127.0.0.1", "port": free_port()}

    @pytest.fixture
    async def silent(self) -> AsyncIterator[Settings]:
        async with serving(silent) as port:
            yield {"host": "127.0.0.1", "port": port, "greeting": True}

    async def test_a_greeting_can_be_judged(self, healthy: Settings) -> None:
        outcome = await look("tcp", healthy, conditions={"greeting": {"contains": "220"}})
        assert outcome.state is State.UP

    @pytest.mark.parametrize("handler", [closing, endless])
    async def test_a_server_that_does_not_greet_is_down(self, handler: Handler) -> None:
        async with serving(handler) as port:
            settings = {"host": "127.0.0.1", "port": port, "greeting": True}
            assert (await look("tcp", settings)).state is State.DOWN
