"""`sqlite`: one SQLite database, copied while it is written to."""

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from opsbook.backups.source import Facts, Part, Restored, Source, SourceError, Work
from opsbook.backups.tools.beside import beside, sweep_beside
from opsbook.backups.tools.flow import file_blocks, go_on, seconds_left, spool
from opsbook.backups.tools.paths import Paths
from opsbook.backups.tools.sameness import compare, content_of
from opsbook.book.fields import BookPath

_FILE = "database.sqlite"
_PAGES = 1024
"""Copied at once; a writer of a database without a write-ahead log waits for so many."""
_BUSY_SECONDS = 10.0
_PAUSE_SECONDS = 0.05
"""Between two tries of a page that is locked."""
_INSTRUCTIONS = 10_000
"""Of SQLite's machine between two looks whether to go on."""
_MOST_ROWS = 1000
_MOST_FAULTS = 5
_BESIDE = ("-wal", "-journal", "-shm")


class Sqlite(Source):
    """Copies a SQLite database with its online backup API and checks the copy.

    A database with a write-ahead log is copied as it stood at one moment, and its writers are
    not held up. One without is copied page by page, anew whenever somebody else writes to it.
    """

    path: BookPath
    """The database file."""

    @property
    def subject(self) -> str:
        return str(self.path)

    @contextmanager
    def parts(self, work: Work, facts: Facts) -> Iterator[Iterator[Part]]:
        copy = work.scratch / _FILE
        try:
            yield self._copied(copy, work, facts)
        finally:
            _remove(copy)

    def _copied(self, copy: Path, work: Work, facts: Facts) -> Iterator[Part]:
        facts.versions["sqlite"] = sqlite3.sqlite_version
        with self._told("cannot be copied", work):
            facts.consistent_at = self._copy(copy, work)
        with self._told("has a copy that cannot be used", work), _opened(copy, work) as database:
            self._check(database, copy)
            facts.counts, facts.schema = _counts(database, facts.remarks), _schema(database)
        yield Part(_FILE, lambda: file_blocks(copy, work, self.subject))

    def readable(self, name: str, content: BinaryIO, work: Work) -> None:
        with self._brought(content, work, "readable.sqlite"):
            pass

    @contextmanager
    def rehearse(
        self, files: Mapping[str, Callable[[], BinaryIO]], facts: Facts, work: Work
    ) -> Iterator[Restored]:
        with self._brought(
            content_of(files, _FILE, self.subject), work, "rehearsal.sqlite"
        ) as copy:
            with _opened(copy, work) as database:
                counts, schema = _counts(database, []), _schema(database)
            yield Restored(str(copy), counts, schema, lambda query: self._ask(copy, query, work))

    def sweep(self) -> list[str]:
        """Nothing: a rehearsal leaves nothing outside the scratch directory of its work."""
        return []

    def restore(
        self,
        files: Mapping[str, Callable[[], BinaryIO]],
        facts: Facts,
        target: str,
        work: Work,
    ) -> str:
        place = Path(target).absolute()
        self._refuse_filled(place)
        swept, new = sweep_beside(place), beside(place)
        try:
            content = content_of(files, _FILE, self.subject)
            spool(content, new, work, self.subject, lasting=True)
            with self._told(f"cannot be restored as {place}", work), _opened(new, work) as database:
                self._check(database, new)
                compare(self.subject, facts, _counts(database, []), _schema(database))
            os.link(new, place)
        except OSError as error:
            raise SourceError(f"{self.subject}: cannot make {place}: {error.strerror}") from None
        finally:
            _remove(new)
        return f"SQLite database {place}{swept}"

    @property
    def places(self) -> Paths:
        return Paths([self.path], _same, _BESIDE)

    def estimate(self) -> int | None:
        try:
            return self.path.stat().st_size
        except OSError:
            return None

    def scratch_bytes(self) -> int:
        """A copy of all of it."""
        return self.estimate() or 0

    def _copy(self, copy: Path, work: Work) -> float:
        """Copy all pages; the moment whose state they are, in seconds since 1970."""

        def copied(_status: int, remaining: int, total: int) -> None:
            go_on(work, self.subject)
            work.progress("copying", (total - remaining) * page, total * page)

        if not self.path.is_file():
            raise SourceError(f"{self.subject}: there is no such file")
        _new(copy)
        with closing(_connect(self.path, "ro")) as source, closing(_connect(copy, "rw")) as target:
            page = _number(source, "page_size")
            # A read transaction keeps its moment in a write-ahead log; elsewhere it would
            # keep every writer out until the copy is done.
            logged = source.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            if logged:
                source.execute("BEGIN")
                source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            moment = time.time()
            source.backup(target, pages=_PAGES, progress=copied, sleep=_PAUSE_SECONDS)
            return moment if logged else time.time()

    @contextmanager
    def _brought(self, content: BinaryIO, work: Work, name: str) -> Iterator[Path]:
        """The database as a file of its own in the scratch directory, checked."""
        place = work.scratch / name
        spool(content, place, work, self.subject)
        try:
            with self._told("cannot be read from its backup", work), _opened(place, work) as opened:
                self._check(opened, place)
            yield place
        finally:
            _remove(place)

    def _check(self, database: sqlite3.Connection, path: Path) -> None:
        # An empty file is an empty database to SQLite.
        pages, page = (_number(database, each) for each in ("page_count", "page_size"))
        if not pages or pages * page != path.stat().st_size:
            raise SourceError(f"{self.subject}: its backup is not whole: {pages} pages of {page} B")
        rows = database.execute(f"PRAGMA integrity_check({_MOST_FAULTS})").fetchall()
        faults = [" ".join(str(row[0]).split()) for row in rows if row[0] != "ok"]
        if faults or not rows:
            raise SourceError(f"{self.subject}: integrity check: {'; '.join(faults) or 'silent'}")

    def _refuse_filled(self, place: Path) -> None:
        # A log left beside the new file would be applied to it when it is first opened.
        for path in (place, *(place.with_name(place.name + end) for end in _BESIDE)):
            if os.path.lexists(path):
                raise SourceError(
                    f"{self.subject}: not restored, {path} exists; name a new file, or move it away"
                )

    def _ask(self, copy: Path, query: str, work: Work) -> list[tuple[Any, ...]]:
        with self._told("gave no answer", work), closing(_connect(copy, "ro")) as database:
            _heed(database, work)
            return list(database.execute(query).fetchmany(_MOST_ROWS))

    @contextmanager
    def _told(self, what: str, work: Work) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            go_on(work, self.subject)
            raise SourceError(f"{self.subject} {what}: {error}") from None


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


@contextmanager
def _opened(path: Path, work: Work) -> Iterator[sqlite3.Connection]:
    with closing(_connect(path, "rw")) as database:
        _heed(database, work)
        yield database


def _same(place: Path, facts: Facts, work: Work) -> None:
    # Who only reads leaves a write-ahead log behind, which would have to go where this goes.
    with _opened(place, work) as database:
        compare(str(place), facts, _counts(database, []), _schema(database))


def _heed(database: sqlite3.Connection, work: Work) -> None:
    """Have statements end when the work does."""

    def over() -> bool:
        return work.stopping.is_set() or seconds_left(work) <= 0

    database.set_progress_handler(over, _INSTRUCTIONS)


def _counts(database: sqlite3.Connection, remarks: list[str]) -> dict[str, int]:
    """Rows of every table that SQLite itself can read."""
    listed = database.execute("PRAGMA main.table_list").fetchall()
    kinds = {name: kind for _, name, kind, *_ in listed if not name.startswith("sqlite_")}
    virtual = sorted(name for name, kind in kinds.items() if kind == "virtual")
    if virtual:
        remarks.append(f"rows of virtual tables are not counted: {', '.join(virtual)}")
    tables = sorted(name for name, kind in kinds.items() if kind in ("table", "shadow"))
    return {name: _count(database, name) for name in tables}


def _number(database: sqlite3.Connection, pragma: str) -> int:
    number: int = database.execute(f"PRAGMA {pragma}").fetchone()[0]
    return number


def _count(database: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    # A name cannot be a parameter; it is the database's own, and quoted.
    rows: int = database.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]  # noqa: S608
    return rows


def _schema(database: sqlite3.Connection) -> str:
    """A hash of everything declared, and of the numbers an application knows its version by."""
    digest = hashlib.sha256()
    for pragma in ("user_version", "application_id"):
        digest.update(repr(database.execute(f"PRAGMA {pragma}").fetchone()).encode())
    columns = "type, name, tbl_name, sql"
    for row in database.execute(f"SELECT {columns} FROM sqlite_schema ORDER BY type, name"):  # noqa: S608 - a constant
        digest.update(repr(row).encode())
    return digest.hexdigest()


def _new(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _remove(path: Path) -> None:
    for each in (path, *(path.with_name(path.name + end) for end in _BESIDE)):
        with contextlib.suppress(FileNotFoundError):
            each.unlink()
