"""Many pages at once."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic

from tests.eventually import eventually
from tests.services.platform import one_service, watched
from tests.web.live.tab import OpenTab, a_tab

PAGES = 50


async def test_fifty_pages_hear_the_same_and_the_watch_goes_on(tmp_path: Path) -> None:
    book = one_service(tmp_path, restart={"at_most": 0})
    async with watched(book, tmp_path / "data") as platform, AsyncExitStack() as stack:
        await platform.well()
        address = platform.app.web.address
        tabs = [await stack.enter_async_context(a_tab(address)) for _ in range(PAGES)]
        await asyncio.gather(*(tab.hear() for tab in tabs))
        turns, looks, began = platform.app.front.live.turns, platform.app.watch.looks, monotonic()
        platform.kill()
        await asyncio.gather(*(_until_down(tab) for tab in tabs))
        took = monotonic() - began
        assert took < 3
        assert platform.app.front.live.turns - turns <= took / 0.25 + 2
        await eventually(lambda: platform.app.watch.looks > looks + 5, within=3)
        assert all(tab.topics == tabs[0].topics for tab in tabs if tab.since == tabs[0].since)


async def _until_down(tab: OpenTab) -> None:
    await tab.until(lambda _: tab.topics["platform"]["now"]["state"] == "down")
