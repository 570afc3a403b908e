"""`postgres`: one PostgreSQL database, dumped from one moment that is counted too."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import Field

from opsbook.backups.postgresql.content import at_ease, counts, structure
from opsbook.backups.postgresql.dumping import Dumping
from opsbook.backups.postgresql.fitting import refuse_newer, restoring_tools
from opsbook.backups.postgresql.folder import (
    BELOW,
    CONTENTS,
    gather,
    is_packed,
    part_names,
    read_rows,
)
from opsbook.backups.postgresql.locale import Locale
from opsbook.backups.postgresql.login import MAINTENANCE, SERVICE, Login
from opsbook.backups.postgresql.making import close, make, settle
from opsbook.backups.postgresql.places import Databases
from opsbook.backups.postgresql.properties import PROPERTIES, Properties
from opsbook.backups.postgresql.scratch import (
    KIND,
    own_database,
    scratch_database,
    sweep_databases,
    temporary_server,
    unmade,
)
from opsbook.backups.postgresql.snapshot import Snapshot, snapshot
from opsbook.backups.postgresql.tools import Tools, newest_tools, tools_for
from opsbook.backups.postgresql.unpacking import DUMP, unpacked
from opsbook.backups.source import Facts, Part, Restored, Source, SourceError, Work
from opsbook.backups.tools.flow import blocks, brief_work, file_blocks
from opsbook.backups.tools.program import Program
from opsbook.backups.tools.sameness import compare, content_of
from opsbook.backups.tools.throwaway import sweep_throwaways
from opsbook.book.fields import BookPath, Duration, TextOrSecret, revealed

_FOLDER = "database"
"""In the scratch directory."""
_GLOBALS = "globals.sql"
_MOST_ROWS = 1000
_ANSWER_SECONDS = 60.0
_SWEEP_SECONDS = 60.0


class Postgres(Source):
    """Dumps a PostgreSQL database with pg_dump; rows and structure are of the same moment.

    From 16 on pg_dump packs with zstd by itself where it was built so, and its files are kept as
    they are; else its stream is packed, and a restore needs room for the whole dump.

    Roles are dumped beside it, without their passwords: a password's hash in a backup can be
    attacked by whoever finds the backup. Set them anew after a restore. The database's owner,
    grants, settings, comment and limit of connections are kept too; what belongs to a role that
    is not there when it is restored is left out, and said. Everything is restored into the default
    tablespace.
    """

    database: TextOrSecret
    """Its URL, `postgresql://user:password@host:5432/name`, or where that is kept."""
    bin: BookPath | None = None
    """Directory of PostgreSQL's programs; else the installed ones nearest to the server's
    version."""
    format: Literal["custom", "directory"] = "custom"
    """`custom` streams one file and needs no room here. `directory` dumps `jobs` tables at once,
    one file for each, and needs room for all of it in the data directory."""
    roles: bool = True
    """Whether roles and tablespaces are dumped too."""
    owners: Literal["keep", "drop"] = "keep"
    """Whether a restored database keeps owners, grants and settings of roles. Where a role is not
    there that owns something in it, all of it belongs to who restores it, and that is said."""
    lock_wait: Duration = Field(default=30.0, gt=0)
    """How long a table that somebody has locked is waited for."""
    count_within: Duration = Field(default=600.0, gt=0)
    """How long rows are counted; what is not counted by then is estimated, and said to be."""
    jobs: int = Field(default=2, ge=1, le=64)
    """Tables restored at once, and dumped at once in the format `directory`."""
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
            properties = held.properties
            facts.remarks += properties.remarks
            folder = work.scratch / _FOLDER
            try:
                yield self._dumped(tools, names, held, properties, work, facts)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _dumped(
        self,
        tools: Tools,
        names: Mapping[str, str],
        held: Snapshot,
        properties: Properties,
        work: Work,
        facts: Facts,
    ) -> Iterator[Part]:
        dumping = Dumping(tools, self.login, names, held, self.lock_wait, facts, work)

        def globals_() -> Iterator[bytes]:
            argv = [SERVICE, "--globals-only", "--no-role-passwords", "--no-password"]
            program = self._program(tools, "pg_dumpall", argv, names)
            yield from program.reading(work)
            facts.remarks += [program.words] if program.words else []

        if self.format == "directory":
            folder = work.scratch / _FOLDER
            dumping.fill(folder, self.jobs)
            for name, path in part_names(folder):
                read = partial(file_blocks, path, work, self.subject)
                yield Part(name, read, packed=is_packed(name))
        else:
            yield Part(DUMP, dumping.stream, packed=dumping.packs)
        yield Part(PROPERTIES, lambda: iter([properties.render()]))
        if self.roles:
            facts.remarks.append("roles are kept without their passwords")
            yield Part(_GLOBALS, globals_)

    def readable(self, name: str, content: BinaryIO, work: Work) -> None:
        if name == _GLOBALS:
            self._read_globals(content, work)
            return
        if name == PROPERTIES:
            Properties.read(content, self.subject)
            return
        if name == CONTENTS:
            self._read_contents(content, work)
            return
        if name.startswith(BELOW):
            read_rows(name, content, work, self.subject)
            return
        argv = ["-f", os.devnull]
        self._program(newest_tools(self.bin, work), "pg_restore", argv, {}).fed(
            blocks(content, work, self.subject), work
        )

    def _read_contents(self, content: BinaryIO, work: Work) -> None:
        folder = work.scratch / _FOLDER
        try:
            gather({CONTENTS: lambda: content}, folder, work, self.subject)
            argv = ["--list", str(folder)]
            self._program(newest_tools(self.bin, work), "pg_restore", argv, {}).run(work)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

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
        tools, remarks = restoring_tools(facts, self.bin, work), list[str]()
        keep = self.rehearse_on is None and _GLOBALS in files
        with (
            unpacked(files, work, self.subject) as dump,
            self._place(tools, files, facts, work, remarks) as place,
        ):
            self._load(tools, place, dump(), work, owners=keep, grants=keep)
            rows, schema = self._content(place, work)
            properties = Properties.kept(files, self.subject)
            remarks += settle(place, properties, work, owners=keep)
            ask = partial(_ask, place, work=work)
            yield Restored(place.subject, rows, schema, ask, remarks)

    @contextmanager
    def _place(
        self,
        tools: Tools,
        files: Mapping[str, Callable[[], BinaryIO]],
        facts: Facts,
        work: Work,
        remarks: list[str],
    ) -> Iterator[Login]:
        locale = Locale.stored(facts.details)
        if self.rehearse_on is not None:
            server = Login.parse(revealed(self.rehearse_on))
            with server.connected(work) as connection:
                refuse_newer(server, connection, facts)
            with scratch_database(server, locale, work, remarks) as place:
                yield place
            return
        with temporary_server(tools, self.rehearse_in, work, self.subject) as server:
            if _GLOBALS in files:
                self._load_roles(tools, server, files, work)
            yield own_database(server, locale, work, remarks)

    def _load_roles(
        self, tools: Tools, server: Login, files: Mapping[str, Callable[[], BinaryIO]], work: Work
    ) -> None:
        """What cannot be here, such as a tablespace, is passed over: a role that is then missing
        makes the restore of the database fail."""
        with server.service(work.scratch) as names:
            argv = [SERVICE, "-X", "-q", "--no-password", f"--output={os.devnull}"]
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
        tools, place = restoring_tools(facts, self.bin, work), self._target(target)
        keep, properties = self.owners == "keep", Properties.kept(files, self.subject)
        missing = make(place, facts, properties, work)
        with (
            unpacked(files, work, self.subject) as dump,
            unmade(place.at(MAINTENANCE), place.database),
        ):
            close(place, properties, work)
            owners, grants = keep and not missing.owning, keep and not missing.all
            self._load(tools, place, dump(), work, owners=owners, grants=grants)
        rows, schema = self._content(place, work)
        compare(f"{place.subject}, which was left for a look", facts, rows, schema)
        remarks = settle(place, properties, work, owners=keep)
        lost = missing.remarks if keep else []
        return "; ".join([f"database {place.subject}", *lost, *remarks])

    @property
    def places(self) -> Databases:
        return Databases(
            lambda name: self._target(name) if name else self.login,
            self._content,
            lambda facts, work: restoring_tools(facts, self.bin, work),
        )

    def estimate(self) -> int | None:
        try:
            with self.login.connected(brief_work(_ANSWER_SECONDS)) as connection:
                row = connection.execute(b"SELECT pg_database_size(current_database())").fetchone()
        except SourceError:
            return None
        return row[0] if row else None

    def scratch_bytes(self) -> int:
        return (self.estimate() or 0) if self.format == "directory" else 0

    def _target(self, target: str) -> Login:
        """A name is a database beside the one that was backed up."""
        elsewhere = "=" in target or "://" in target
        return Login.parse(target) if elsewhere else self.login.at(target)

    def _load(
        self, tools: Tools, place: Login, dump: Path, work: Work, *, owners: bool, grants: bool
    ) -> None:
        with place.service(work.scratch) as names:
            argv = ["--exit-on-error", "--no-password", "--no-tablespaces", f"-j{self.jobs}"]
            argv += [] if owners else ["--no-owner"]
            argv += [] if grants else ["--no-acl"]
            argv += [SERVICE, str(dump)]
            self._program(tools, "pg_restore", argv, names, work.scratch).run(work)

    def _content(self, place: Login, work: Work) -> tuple[dict[str, int], str]:
        with place.connected(work) as connection:
            at_ease(connection)
            return counts(connection, None)[0], structure(connection)

    def _program(
        self,
        tools: Tools,
        name: str,
        argv: list[str],
        environment: Mapping[str, str],
        directory: Path | None = None,
    ) -> Program:
        """In the scratch directory it is found and ended by whoever sweeps that after our death:
        one that writes into files does not notice it."""
        argv = [tools.program(name), *argv]
        return Program(argv, self.subject, environment=environment, directory=directory)


def _ask(place: Login, query: str, work: Work) -> list[tuple[Any, ...]]:
    with place.connected(work) as connection:
        connection.execute(f"SET statement_timeout = {int(_ANSWER_SECONDS * 1000)}".encode())
        connection.read_only = True
        with connection.transaction():
            return connection.execute(query.encode()).fetchmany(_MOST_ROWS)
