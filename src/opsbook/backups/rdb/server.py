"""A throwaway Redis that has loaded a snapshot: only in a private directory, and read-only."""

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from opsbook.backups.rdb.address import Address
from opsbook.backups.rdb.client import client
from opsbook.backups.source import SourceError, Work
from opsbook.backups.tools.flow import spool
from opsbook.backups.tools.throwaway import throwaway

KIND = "redis"


def program(name: str, given: Path | None) -> str | None:
    """Where one of Redis' programs is, if it is."""
    if given is not None:
        return str(given / name) if (given / name).exists() else None
    return shutil.which(name)


@contextmanager
def scratch_redis(
    content: BinaryIO, given: Path | None, parent: Path | None, work: Work, subject: str
) -> Iterator[Address]:
    """Raises SourceError where it does not load the snapshot."""
    server = program("redis-server", given)
    if server is None:
        raise SourceError(f"{subject}: no redis-server to load it with; install it, or give `bin`")
    with throwaway(KIND, parent) as place:
        spool(content, place.path / "dump.rdb", work, subject)
        address = Address(path=place.path / "socket")
        with place.serving(_argv(server, place.path), lambda: _loaded(address), work, subject):
            yield address


def _argv(server: str, place: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(place / "socket"),
        "unixsocketperm": "700",
        "dir": str(place),
        "save": "",
        "appendonly": "no",
        "databases": "16384",
        # As a replica it keeps keys whose time has passed since: their number is compared.
        # Nothing answers on that port, and its no data is asked of it.
        "replicaof": "127.0.0.1 1",
        "replica-serve-stale-data": "yes",
    }
    argv = [server]
    for name, value in options.items():
        argv += [f"--{name}", *(value.split(" ") if value else [""])]
    return argv


def _loaded(address: Address) -> bool:
    with contextlib.suppress(SourceError), client(address) as asked:
        return asked.info("persistence")["loading"] == "0"
    return False
