"""What others do: pipes of pg_dump, and restic."""

import os
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

import click
from tests.servers.postgres import Postgres

from bench.backups.database import dump_of

_PASSWORD = "bench"  # noqa: S105 - of a repository that lives for minutes


class Contestant(ABC):
    """Backs the database up, and brings it back into a database of a new name."""

    name: str
    programs: tuple[str, ...] = ()

    def __init__(self, server: Postgres, place: Path) -> None:
        self.server = server
        self.place = place / self.name.replace(" ", "-").replace("|", "to")
        self.place.mkdir()
        self.environment = os.environ | server.environment

    @abstractmethod
    def backup(self) -> None: ...

    @abstractmethod
    def restore(self, database: str) -> None:
        """Into a database that exists and is empty, or one of its own."""

    @property
    def size(self) -> int:
        """Bytes that it keeps."""
        return sum(each.stat().st_size for each in self.place.rglob("*") if each.is_file())

    def forget(self) -> None:
        """Make room for the next round."""
        for each in sorted(self.place.rglob("*"), reverse=True):
            each.rmdir() if each.is_dir() else each.unlink()

    def piped(self, *commands: list[str], output: Path | None = None) -> None:
        """Each reads what the one before writes; all must succeed."""
        started: list[subprocess.Popen[bytes]] = []
        for index, words in enumerate(commands):
            source = started[-1].stdout if started else subprocess.DEVNULL
            last = index == len(commands) - 1
            target = output.open("wb") if last and output else None
            sink = target if last else subprocess.PIPE
            process = subprocess.Popen(
                words, stdin=source, stdout=sink or subprocess.DEVNULL, env=self.environment
            )
            if started and started[-1].stdout:
                started[-1].stdout.close()
            if target:
                target.close()
            started.append(process)
        if failed := [process.args for process in started if process.wait()]:
            raise click.ClickException(f"{self.name}: {failed} failed")
        if output:
            with output.open("rb") as written:
                os.fsync(written.fileno())


class Plain(Contestant):
    """The aim: nothing but the dump, on disk."""

    name = "pg_dump"
    ending = ""
    pack: list[str] | None = None
    unpack: list[str] | None = None

    @property
    def file(self) -> Path:
        return self.place / f"bank.dump{self.ending}"

    def backup(self) -> None:
        packed = [self.pack] if self.pack else []
        self.piped(dump_of(self.server), *packed, output=self.file)

    def restore(self, database: str) -> None:
        """From a file with two jobs; a pipe can be restored with one only."""
        if self.unpack:
            self.piped([*self.unpack, str(self.file)], self.pg_restore(database))
        else:
            self.piped([*self.pg_restore(database), "-j2", str(self.file)])

    def pg_restore(self, database: str) -> list[str]:
        return [str(self.server.binaries / "pg_restore"), "--exit-on-error", "-d", database]


class Gzip(Plain):
    """As the manuals have it."""

    name = "pg_dump | gzip"
    ending = ".gz"
    programs = ("gzip",)
    pack = ["gzip"]
    unpack = ["gzip", "-dc"]


class Zstd(Plain):
    """As people do who have read about it."""

    name = "pg_dump | zstd"
    ending = ".zst"
    programs = ("zstd",)
    pack = ["zstd", "-3", "-T2", "-q"]
    unpack = ["zstd", "-dcq"]


class Restic(Plain):
    """Deduplicates, compresses and encrypts."""

    name = "restic"
    programs = ("restic",)

    def backup(self) -> None:
        self.environment |= {
            "RESTIC_PASSWORD": _PASSWORD,
            "RESTIC_REPOSITORY": str(self.place),
            "RESTIC_CACHE_DIR": str(self.place.with_suffix(".cache")),
        }
        if not any(self.place.iterdir()):
            self.piped(["restic", "init", "--repository-version", "2"])
        words = ["restic", "backup", "--quiet", "--stdin", "--stdin-filename", "bank.dump"]
        self.piped(dump_of(self.server), words)

    def restore(self, database: str) -> None:
        self.piped(["restic", "dump", "latest", "bank.dump"], self.pg_restore(database))
