"""What a service waits for, and what it does not."""

import asyncio
from pathlib import Path

from opsbook.probes.model import State
from opsbook.services.life import Phase
from opsbook.services.orders import Order
from tests.eventually import eventually
from tests.servers.loopback import free_port
from tests.services.platform import small_book, small_service, watched

STOP = Order("stop", "ada", "new rack")


async def test_what_was_stopped_by_order_is_not_waited_for(tmp_path: Path) -> None:
    book = small_book(
        tmp_path,
        web=small_service(tmp_path, "web", free_port(), depends_on=["store"]),
        store=small_service(tmp_path, "store", free_port(), restart={"verify_within": "1h"}),
    )
    async with watched(book, tmp_path / "data", leave=True) as platform:
        await platform.well()
        await platform.app.services.order("store", STOP)
        await platform.app.services.order("web", STOP)
        async with asyncio.timeout(5):
            start = Order("start", "ada", "new rack is there")
            assert (await platform.app.services.order("web", start)).verified
        await platform.app.services.order("web", STOP)
    async with watched(book, tmp_path / "data") as platform:
        keepers = platform.app.services.keepers.values()
        await eventually(lambda: {keeper.phase for keeper in keepers} == {Phase.STOPPED})


async def test_before_it_runs_nobody_claims_to_know_how_it_is(tmp_path: Path) -> None:
    book = small_book(
        tmp_path,
        web=small_service(tmp_path, "web", free_port(), depends_on=["store"]),
        store=small_service(tmp_path, "store", free_port()),
    )
    (tmp_path / "store/mute").touch()
    async with watched(book, tmp_path / "data") as platform:
        await eventually(lambda: platform.keeper("store").phase is Phase.STARTING)
        web = platform.keeper("web")
        assert (web.phase, web.state()) == (Phase.WAITING, State.UNKNOWN)
        (tmp_path / "store/mute").unlink()
        await platform.well()
