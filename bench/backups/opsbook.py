"""Ours: checksums of content and of what is stored, compression, encryption, manifest."""

import threading
from pathlib import Path

import click
import pyrage  # type: ignore[import-untyped]
from tests.servers.postgres import Postgres

from bench.backups.database import url_of
from bench.backups.peers import Contestant
from opsbook.backups.settings import backup_settings_for
from opsbook.backups.vault import Vault
from opsbook.backups.verification import Depth
from opsbook.core.clock import SystemClock
from opsbook.state.database import connect, sqlite_url

_HALT = threading.Event()


class Opsbook(Contestant):
    """All that a backup of ours is; a restore is the drill as a book has it that says nothing of
    it: into a server of its own, and every count held against the manifest."""

    name = "opsbook"
    encrypted = True
    own_server = True

    def __init__(self, server: Postgres, place: Path) -> None:
        super().__init__(server, place)
        self._kept = self.place / "kept"
        identity = pyrage.x25519.Identity.generate()
        key = place / f"{self.place.name}.key"
        key.write_text(f"{identity}\n")
        source = {"database": url_of(server, "bank"), "bin": str(server.binaries)}
        if not self.own_server:
            source["rehearse_on"] = url_of(server, "postgres")
        section = {
            "recipients": [str(identity.to_public())] if self.encrypted else [],
            "identity": f"file:{key}",
            "destinations": {"disk": {"local": {"directory": str(self._kept)}}},
            "sets": {"bank": {"postgres": source, "to": ["disk"]}},
        }
        settings = backup_settings_for(section).model_validate(section)
        state = connect(sqlite_url(place / f"{self.place.name}.db"))
        scratch = place / f"{self.place.name}.scratch"
        self._vault = Vault("bench", settings, state, scratch, SystemClock())
        self._backup = ""

    @property
    def size(self) -> int:
        return sum(each.stat().st_size for each in self._kept.rglob("*") if each.is_file())

    def backup(self) -> None:
        self._backup = self._vault.begin("bank")
        told = self._vault.make("bank", self._backup, "daily", _HALT)
        if not told["good"]:
            raise click.ClickException(str(told))

    def restore(self, database: str) -> None:
        verdict = self._vault.verify("bank", "disk", self._backup, Depth.RESTORE, _HALT)
        if not verdict.ok:
            raise click.ClickException(verdict.message)

    def forget(self) -> None:
        for each in (self._kept / "bank" / self._backup).iterdir():
            each.unlink()


class Rehearsing(Opsbook):
    """The same, with its drill on the server of the others."""

    name = "opsbook, rehearse_on"
    own_server = False


class Unencrypted(Opsbook):
    """The same without recipients: what encryption costs."""

    name = "opsbook without age"
    encrypted = False
