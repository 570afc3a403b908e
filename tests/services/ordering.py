"""A life of Opsbook that orders the same thing again and again: to be killed at any moment.

`python -m tests.services.ordering BOOK DATA VERB [KEY]` prints `ordered` when an order was begun.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from opsbook.services.events import ServiceOrdered
from opsbook.services.orders import Order
from tests.services.platform import watched


async def main(book: str, data: str, verb: Any, key: str = "") -> None:
    async with watched(Path(book), Path(data), leave=True) as platform:
        await platform.well()
        platform.app.bus.subscribe(ServiceOrdered, _tell)
        while True:
            await platform.app.services.order("a", Order(verb, "ada", "new rack", key=key))
            await asyncio.sleep(0.05)


def _tell(_: ServiceOrdered) -> None:
    sys.stdout.write("ordered\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
