"""`postgres`: one PostgreSQL database, dumped from one moment that is counted too."""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Literal

import psycopg
from pydantic import Field

from opsbook.backups.postgresql.content import counts, structure
from opsbook.backups.postgresql.locale import Locale
from opsbook.backups.postgresql.login import Login
from opsbook.backups.postgresql.scratch import (
    KIND,
    remove_database,
    scratch_database,
    sweep_databases,
    temporary_server,
)
from opsbook.backups.postgresql.snapshot import Snapshot, snapshot
from opsbook.backups.postgresql.tools import Tools, newest_tools, tools_for
from opsbook.backups.source import Facts, Part, Restored, Source, SourceError, Work
from opsbook.backups.tools.flow import blocks, brief_work, spool
from opsbook.backups.tools.program import Program
from opsbook.backups.tools.sameness import compare, content_of
from opsbook.backups.tools.throwaway import sweep_throwaways
from opsbook.book.fields import BookPath, Duration, TextOrSecret, revealed

_DUMP = "database.dump"
_GLOBALS = "globals.sql"
_MAGIC = b"PGDMP"
_END = bytes(5)
"""After the last row of the last table: a block of no bytes, a sign and four of length."""
_MOST_ROWS = 1000
_ANSWER_SECONDS = 60.0
_SWEEP_SECONDS = 60.0
_ERROR = "error:"
_SERVICE = "--dbname=service=opsbook"
_MAINTENANCE = "postgres"
"""The database that one connects to in order to make another."""


class Postgres(Source):
    """Dumps a PostgreSQL database with pg_dump; rows and structure are of the same moment.

    Roles are dumped beside it, without their passwords: a password's hash in a backup can be
    attacked by whoever finds the backup. Set them anew after a restore. Everything is restored
    into the default tablespace.
    """

    database: TextOrSecret
    """Its URL, `postgresql://user:password@host:5432/name`, or where that is kept."""
    bin: BookPath | None = None
    """Directory of PostgreSQL's programs; else the installed ones nearest to the server's
    version."""
    roles: bool = True
    """Whether roles and tablespaces are dumped too."""
    owners: Literal["keep", "drop"] = "keep"
    """Whether a restored database keeps owners and grants: their roles must then exist."""
    lock_wait: Duration = Field(default=30.0, gt=0)
    """How long a table that somebody has locked is waited for."""
    count_within: Duration = Field(default=600.0, gt=0)
    """How long rows are counted; what is not counted by then is estimated, and said to be."""
    jobs: int = Field(default=2, ge=1, le=64)
    """Tables restored at once."""
    rehearse_on: TextOrSecret | None = None
    """URL of a server on which rehearsals may make a scratch database; else a temporary server
    is started for each."""
    rehearse_in: BookPath | None = None
    """Directory for temporary servers; else the system's for temporary files."""

    @property
    def login(self) -> Login:
        return Login.parse(revealed(self.database))

    @property
    def subject(self) -> str:
        return self.login.subject

    @contextmanager
    def parts(self, work: Work, facts: Facts) -> Iterator[Iterator[Part]]:
        login = self.login
        with (
            snapshot(login, self.count_within, self.lock_wait, work) as held,
            login.service(work.scratch) as names,
        ):
            tools = tools_for(held.server, self.bin, work)
            facts.consistent_at = held.moment
            facts.versions |= {"postgresql": held.version, "pg_dump": tools.version}
            facts.details |= held.locale.details()
            yield self._dumped(tools, names, held, work, facts)

    def _dumped(
        self, tools: Tools, names: Mapping[str, str], held: Snapshot, work: Work, facts: Facts
    ) -> Iterator[Part]:
        def dump() -> Iterator[bytes]:
            argv = [_SERVICE, "-Fc", "-Z0", "--no-password", f"--snapshot={held.name}"]
            argv.append(f"--lock-wait-timeout={int(self.lock_wait * 1000)}")
            program = self._program(tools, "pg_dump", argv, names)
            with held.described(facts, self.login):
                end = yield from self._whole(program, facts, work)
            if any(facts.counts.values()) and end != _END:
                raise SourceError(f"{self.subject}: the dump does not come to its end")

        def globals_() -> Iterator[bytes]:
            argv = [_SERVICE, "--globals-only", "--no-role-passwords", "--no-password"]
            program = self._program(tools, "pg_dumpall", argv, names)
            yield from program.reading(work)
            facts.remarks += _warnings(program)

        yield Part(_DUMP, dump)
        if self.roles:
            facts.remarks.append("roles are kept without their passwords")
            yield Part(_GLOBALS, globals_)

    def _whole(self, program: Program, facts: Facts, work: Work) -> Generator[bytes, None, bytes]:
        """The dump; its exit status, words and beginning are judged, its end is given back."""
        done, beginning, end = 0, b"", b""
        for block in program.reading(work):
            beginning = beginning or block[: len(_MAGIC)]
            end = (end + block)[-len(_END) :]
            done += len(block)
            work.progress("dumping", done, None)
            yield block
        if beginning != _MAGIC:
            raise SourceError(f"{self.subject}: pg_dump gave no archive but {beginning!r}")
        if _ERROR in program.words:
            raise SourceError(f"{self.subject}: pg_dump ended well but said: {program.words}")
        facts.remarks += _warnings(program)
        return end

    def readable(self, name: str, content: BinaryIO, work: Work) -> None:
        if name == _GLOBALS:
            self._read_globals(content, work)
            return
        argv = ["-f", os.devnull]
        self._program(newest_tools(self.bin, work), "pg_restore", argv, {}).fed(
            blocks(content, work, self.subject), work
        )

    def _read_globals(self, content: BinaryIO, work: Work) -> None:
        """pg_dumpall's last line says that it is the last."""
        end = b""
        for block in blocks(content, work, self.subject):
            end = (end + block)[-200:]
        if b"database cluster dump complete" not in end:
            raise SourceError(f"{self.subject}: {_GLOBALS} does not come to its end")

    @contextmanager
    def rehearse(
        self, files: Mapping[str, Callable[[], BinaryIO]], facts: Facts, work: Work
    ) -> Iterator[Restored]:
        tools = newest_tools(self.bin, work)
        keep = self.rehearse_on is None and _GLOBALS in files
        with self._place(tools, files, facts, work) as place:
            self._load(tools, place, files, work, owners=keep)
            rows, schema = self._content(place, work)
            yield Restored(place.subject, rows, schema, lambda query: _ask(place, query, work))

    @contextmanager
    def _place(
        self,
        tools: Tools,
        files: Mapping[str, Callable[[], BinaryIO]],
        facts: Facts,
        work: Work,
    ) -> Iterator[Login]:
        locale = Locale.stored(facts.details)
        if self.rehearse_on is not None:
            server = Login.parse(revealed(self.rehearse_on))
            with scratch_database(server, locale, work) as place:
                yield place
            return
        with temporary_server(tools, self.rehearse_in, work, self.subject) as server:
            if _GLOBALS in files:
                self._load_roles(tools, server, files, work)
            with scratch_database(server, locale, work) as place:
                yield place

    def _load_roles(
        self, tools: Tools, server: Login, files: Mapping[str, Callable[[], BinaryIO]], work: Work
    ) -> None:
        """What cannot be here, such as a tablespace, is passed over: a role that is then missing
        makes the restore of the database fail."""
        with server.service(work.scratch) as names:
            argv = [_SERVICE, "-X", "-q", "--no-password", f"--output={os.devnull}"]
            program = self._program(tools, "psql", argv, names)
            content = content_of(files, _GLOBALS, self.subject)
            program.fed(blocks(content, work, self.subject), work)

    def sweep(self) -> list[str]:
        swept = sweep_throwaways(KIND, self.rehearse_in)
        if self.rehearse_on is not None:
            server = Login.parse(revealed(self.rehearse_on))
            swept += sweep_databases(server, brief_work(_SWEEP_SECONDS))
        return swept

    def restore(
        self,
        files: Mapping[str, Callable[[], BinaryIO]],
        facts: Facts,
        target: str,
        work: Work,
    ) -> str:
        tools, place = newest_tools(self.bin, work), self._target(target)
        with place.at(_MAINTENANCE).connected(work) as server:
            try:
                Locale.stored(facts.details).create(server, place.database)
            except psycopg.errors.DuplicateDatabase:
                raise SourceError(
                    f"{place.subject}: not restored, it exists; name a new database"
                ) from None
        try:
            self._load(tools, place, files, work, owners=self.owners == "keep")
        except BaseException:
            remove_database(place.at(_MAINTENANCE), place.database)
            raise
        rows, schema = self._content(place, work)
        compare(f"{place.subject}, which was left for a look", facts, rows, schema)
        return f"database {place.subject}"

    def estimate(self) -> int | None:
        try:
            with self.login.connected(brief_work(_ANSWER_SECONDS)) as connection:
                row = connection.execute(b"SELECT pg_database_size(current_database())").fetchone()
        except SourceError:
            return None
        return row[0] if row else None

    def _target(self, target: str) -> Login:
        """A name is a database beside the one that was backed up."""
        elsewhere = "=" in target or "://" in target
        return Login.parse(target) if elsewhere else self.login.at(target)

    def _load(
        self,
        tools: Tools,
        place: Login,
        files: Mapping[str, Callable[[], BinaryIO]],
        work: Work,
        *,
        owners: bool,
    ) -> None:
        """From a file, since only in a file can several tables be found at once."""
        dump = work.scratch / _DUMP
        spool(content_of(files, _DUMP, self.subject), dump, work, self.subject)
        try:
            with place.service(work.scratch) as names:
                argv = ["--exit-on-error", "--no-password", "--no-tablespaces", f"-j{self.jobs}"]
                argv += [] if owners else ["--no-owner", "--no-acl"]
                argv += [_SERVICE, str(dump)]
                self._program(tools, "pg_restore", argv, names).run(work)
        finally:
            dump.unlink()

    def _content(self, place: Login, work: Work) -> tuple[dict[str, int], str]:
        with place.connected(work) as connection:
            return counts(connection, None)[0], structure(connection)

    def _program(
        self, tools: Tools, name: str, argv: list[str], environment: Mapping[str, str]
    ) -> Program:
        return Program([tools.program(name), *argv], self.subject, environment=environment)


def _ask(place: Login, query: str, work: Work) -> list[tuple[Any, ...]]:
    with place.connected(work) as connection:
        connection.execute(f"SET statement_timeout = {int(_ANSWER_SECONDS * 1000)}".encode())
        connection.read_only = True
        with connection.transaction():
            return connection.execute(query.encode()).fetchmany(_MOST_ROWS)


def _warnings(program: Program) -> list[str]:
    """What it said though it ended well: circular foreign keys, for one."""
    return [program.words] if program.words else []
