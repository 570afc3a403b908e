"""`redis`: all databases of a Redis server, as one of its replicas would get them, or as it saves
them into a file."""

import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

from pydantic import Field, model_validator

from opsbook.backups.rdb.address import Address
from opsbook.backups.rdb.check import Check
from opsbook.backups.rdb.client import Client, client
from opsbook.backups.rdb.replica import Replica
from opsbook.backups.rdb.saved import saved
from opsbook.backups.rdb.server import KIND, program, scratch_redis
from opsbook.backups.source import Facts, Part, Restored, Source, SourceError, Work
from opsbook.backups.tools.beside import beside, sweep_beside
from opsbook.backups.tools.flow import blocks, go_on, spool
from opsbook.backups.tools.program import Program
from opsbook.backups.tools.sameness import content_of
from opsbook.backups.tools.throwaway import sweep_throwaways
from opsbook.book.fields import BookPath, Secret
from opsbook.probes.resp import Word
from opsbook.probes.tls import Trust

_FILE = "dump.rdb"
_AT_ONCE = 500
"""Keys brought over in one turn."""
_GONE = -2
_FOR_EVER = -1


class Redis(Source):
    """Asks a Redis server for a snapshot as a replica does, and checks its checksum.

    The user needs the rights `+psync +replconf +ping +info`; for `how: bgsave`
    `+bgsave +lastsave +info`, and `+config|get` without `file`. The number of keys of a database
    is kept where it was the same before and after; else both are said.
    """

    host: str | None = None
    """Host name or address; or give `socket`."""
    port: int = Field(default=6379, ge=1, le=65_535)
    socket: BookPath | None = None
    """The server's Unix socket, instead of `host`."""
    username: str | None = None
    """User of the access control list; without one the password is that of `default`."""
    password: Secret | None = None
    tls: Trust | None = None
    """Speak TLS; `{}` trusts the system's CAs. So does a restore into `rediss://host:port`."""
    how: Literal["replica", "bgsave"] = "replica"
    """`replica` gets the snapshot over the network and needs no room at the server; `bgsave` has
    the server write its file, which must be on this machine."""
    file: BookPath | None = None
    """Where that file is, with `how: bgsave`; else the server is asked."""
    bin: BookPath | None = None
    """Directory of redis-server and redis-check-rdb; else those on PATH."""
    rehearse_in: BookPath | None = None
    """Directory for temporary servers; else the system's for temporary files."""

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.host is None) == (self.socket is None):
            raise ValueError("no address, or two: give either `host` or `socket`")
        if self.file is not None and self.how != "bgsave":
            raise ValueError("`file` is for `how: bgsave`: say so, or leave it out")
        return self

    @property
    def subject(self) -> str:
        return str(self.socket) if self.socket else f"{self.host}:{self.port}"

    @cached_property
    def address(self) -> Address:
        return Address(
            self.host or "",
            self.port,
            self.socket,
            self.username,
            self.password.reveal() if self.password else None,
            self.tls,
        )

    @contextmanager
    def parts(self, work: Work, facts: Facts) -> Iterator[Iterator[Part]]:
        yield iter([Part(_FILE, lambda: self._snapshot(work, facts))])

    def _snapshot(self, work: Work, facts: Facts) -> Iterator[bytes]:
        version, before = self._told()
        facts.versions["redis"] = version
        facts.consistent_at = time.time()
        check, done = Check(self.subject), 0
        for block in check.passing(self._read(work)):
            done += len(block)
            work.progress("fetching the snapshot", done, None)
            yield block
        facts.details["rdb_version"] = check.version
        if not check.summed:
            facts.remarks.append("the server computes no checksum: set rdbchecksum to yes")
        self._count(before, self._told()[1], facts)

    def _read(self, work: Work) -> Iterator[bytes]:
        if self.how == "replica":
            yield from Replica(self.address, work).snapshot()
            return
        go_on(work, self.subject)
        with client(self.address) as asked, saved(asked, self.file, work, self.subject) as file:
            yield from blocks(file, work, self.subject)

    def _told(self) -> tuple[str, dict[str, int]]:
        with client(self.address) as asked:
            return asked.info("server")["redis_version"], asked.key_counts()

    def _count(self, before: dict[str, int], after: dict[str, int], facts: Facts) -> None:
        """The moment of the snapshot lies between two counts."""
        names = sorted(before.keys() | after.keys())
        same = {name for name in names if before.get(name) == after.get(name)}
        facts.counts = {name: before[name] for name in names if name in same}
        moved = {name: (before.get(name, 0), after.get(name, 0)) for name in names}
        changing = {name: list(pair) for name, pair in moved.items() if name not in same}
        if changing:
            facts.details["keys_between"] = changing
            told = ", ".join(f"{name} from {a} to {b}" for name, (a, b) in changing.items())
            facts.remarks.append(f"the number of keys changed meanwhile: {told}")

    def readable(self, name: str, content: BinaryIO, work: Work) -> None:
        place = work.scratch / "readable.rdb"
        check = Check(self.subject)
        try:
            with place.open("xb") as file:
                for block in check.passing(blocks(content, work, self.subject)):
                    file.write(block)
            checker = program("redis-check-rdb", self.bin)
            if checker is not None:
                Program([checker, str(place)], self.subject).run(work)
        finally:
            place.unlink(missing_ok=True)

    @contextmanager
    def rehearse(
        self, files: Mapping[str, Callable[[], BinaryIO]], facts: Facts, work: Work
    ) -> Iterator[Restored]:
        with self._scratch(files, work) as scratch:
            with client(scratch) as asked:
                counts = asked.key_counts()
            yield Restored(scratch.subject, counts, None, lambda query: _ask(scratch, query))

    def sweep(self) -> list[str]:
        return sweep_throwaways(KIND, self.rehearse_in)

    def restore(
        self,
        files: Mapping[str, Callable[[], BinaryIO]],
        facts: Facts,
        target: str,
        work: Work,
    ) -> str:
        """Into an empty server (`redis://host:port`, `rediss:` with TLS) or a new RDB file, for one
        that is stopped."""
        if "://" not in target:
            return self._restore_file(files, Path(target).absolute(), work)
        place = Address.parse(target, self.tls)
        with client(place) as there:
            if there.key_counts():
                raise SourceError(
                    f"{place.subject}: not restored, it has keys already; name an empty server"
                )
        with self._scratch(files, work) as scratch, client(scratch) as here:
            brought = {
                db: self._bring(scratch, place, int(db[2:]), work) for db in here.key_counts()
            }
            _copy_functions(here, place)
        return f"{sum(brought.values())} keys in {place.subject}"

    def _restore_file(
        self, files: Mapping[str, Callable[[], BinaryIO]], place: Path, work: Work
    ) -> str:
        if place.exists():
            raise SourceError(f"{self.subject}: not restored, {place} exists; name a new file")
        self.readable(_FILE, content_of(files, _FILE, self.subject), work)
        swept, new = sweep_beside(place), beside(place)
        try:
            content = content_of(files, _FILE, self.subject)
            spool(content, new, work, self.subject, lasting=True)
            os.link(new, place)
        except OSError as error:
            raise SourceError(f"{self.subject}: cannot make {place}: {error.strerror}") from None
        finally:
            new.unlink(missing_ok=True)
        return f"snapshot {place}: start a server with it as its dbfilename{swept}"

    def _bring(self, source: Address, target: Address, db: int, work: Work) -> int:
        """All keys of a database but those whose time has passed; how many."""
        brought = 0
        with client(source, db) as here, client(target, db) as there:
            cursor: bytes | None = b"0"
            while cursor is not None:
                go_on(work, self.subject)
                following, keys = here.ask("SCAN", cursor, "COUNT", _AT_ONCE)
                brought += _copy(here, there, keys)
                cursor = following if following != b"0" else None
                work.progress("restoring keys", brought, None)
        return brought

    @contextmanager
    def _scratch(
        self, files: Mapping[str, Callable[[], BinaryIO]], work: Work
    ) -> Iterator[Address]:
        content = content_of(files, _FILE, self.subject)
        with scratch_redis(content, self.bin, self.rehearse_in, work, self.subject) as address:
            yield address


def _copy(here: Client, there: Client, keys: list[bytes]) -> int:
    values = here.ask_all([("DUMP", key) for key in keys])
    left = here.ask_all([("PTTL", key) for key in keys])
    commands: list[tuple[Word, ...]] = [
        ("RESTORE", key, max(1, milliseconds) if milliseconds != _FOR_EVER else 0, value)
        for key, value, milliseconds in zip(keys, values, left, strict=True)
        if value is not None and milliseconds != _GONE
    ]
    there.ask_all(commands)
    return len(commands)


def _copy_functions(here: Client, target: Address) -> None:
    """Libraries of functions, which Redis knows since 7.0; RESTORE refuses one that is there."""
    if not here.knows("function"):
        return
    if here.ask("FUNCTION", "LIST"):
        with client(target) as there:
            there.ask("FUNCTION", "RESTORE", here.ask("FUNCTION", "DUMP"))


def _ask(scratch: Address, query: str) -> list[tuple[Any, ...]]:
    """A command of Redis, such as `HGET user:1 name`; a row for each element of its answer."""
    with client(scratch) as asked:
        answer = asked.ask(*shlex.split(query))
    return [(_text(each),) for each in (answer if isinstance(answer, list) else [answer])]


def _text(answer: Any) -> Any:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer
