"""A life of Opsbook that swaps a database, and dies between the two renames if told to.

Arguments: directory; `die` or `live`. `new` takes the place of `orders.db`, kept as `old`.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from opsbook.backups.recovery import Recovery
from opsbook.backups.tools import paths
from opsbook.backups.vault import Vault
from opsbook.core.clock import SystemClock
from opsbook.state.database import connect, sqlite_url
from tests.backups.scene import settings
from tests.runbooks.steps.stage import Stage


class Host(Stage):
    """With one set, whose backups nobody asks for."""

    def recovery(self, set_name: str) -> Recovery:
        engine = connect(sqlite_url(self.home / "state.db"))
        vault = Vault("shop", settings(self.home), engine, self.home / "scratch", SystemClock())
        return Recovery(vault, set_name)


def arm() -> None:
    """Let the rename of what was restored be the last of this process."""
    rename = paths._rename

    def deadly(before: Path, after: Path) -> None:
        if before.name == "new":
            os.kill(os.getpid(), signal.SIGKILL)
        rename(before, after)

    paths._rename = deadly


async def live(home: Path) -> None:
    host = Host(home)
    names = {"fresh": str(home / "new"), "keep": str(home / "old")}
    await host.carry_out("swap", {"set": "orders", **names})
    await host.close()


if __name__ == "__main__":
    if sys.argv[2] == "die":
        arm()
    asyncio.run(live(Path(sys.argv[1])))
