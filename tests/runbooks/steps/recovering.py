"""A stage with backups of a real SQLite database, for steps that bring it back."""

from pathlib import Path
from typing import Any

from opsbook.backups.recovery import Recovery
from opsbook.backups.vault import Vault
from opsbook.core.clock import SystemClock
from opsbook.runbooks.context import Context
from opsbook.state.database import connect, sqlite_url
from opsbook.state.tables import metadata
from tests.backups.scene import database, settings
from tests.backups.sources.work import make_work
from tests.runbooks.steps.stage import Stage


class Recovering(Stage):
    """One set, `orders`, with one good backup."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.production = database(home / "orders.db")
        self.engine = connect(sqlite_url(home / "state.db"))
        metadata.create_all(self.engine)
        self.vault = Vault("shop", settings(home), self.engine, home / "scratch", SystemClock())
        self.made = self.vault.begin("orders")
        told = self.vault.make("orders", self.made, "daily", make_work(home / "w").stopping)
        assert not told["errors"], told

    def recovery(self, set_name: str) -> Recovery:
        return Recovery(self.vault, set_name)

    def context(self, **changes: Any) -> Context:
        values = {"steps": {}, "run": {"id": changes.get("run", "r1")}}
        return super().context(**{"values": values, **changes})

    async def close(self) -> None:
        await super().close()
        self.vault.close()
        self.engine.dispose()

    def damage(self) -> None:
        self.production.write_bytes(b"no database at all")
