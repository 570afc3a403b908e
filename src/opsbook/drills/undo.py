"""Ends one fault, from outside of Opsbook: `python -P -m opsbook.drills.undo DIRECTORY`.

Tried again until it is ended, or until whoever started it has had enough.
"""

import asyncio
import sys
from pathlib import Path

from opsbook.drills.fault import FaultError
from opsbook.drills.order import Order

_TRY_AGAIN_AFTER = 5.0


async def undo(directory: Path) -> None:
    """Return once the fault is over."""
    while True:
        try:
            await Order(directory).end()
            return
        except FaultError as error:
            sys.stderr.write(f"not undone: {error}\n")
            sys.stderr.flush()
            await asyncio.sleep(_TRY_AGAIN_AFTER)


if __name__ == "__main__":
    asyncio.run(undo(Path(sys.argv[1])))
