"""`sqlite`: care of a SQLite file."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from opsbook.book.fields import BookPath
from opsbook.core.units import format_size
from opsbook.databases.engine import Engine, Patience
from opsbook.databases.limits import Limits
from opsbook.databases.maintain import Baseline, Integrity, MaintainStep, Retention
from opsbook.databases.model import Change, DatabaseError, Report, Task
from opsbook.databases.sqlite_file.findings import look, sizes
from opsbook.databases.sqlite_file.retention import OldRows
from opsbook.databases.sqlite_file.session import Session
from opsbook.databases.sqlite_file.space import too_little

_CHECKS = {"quick": "quick_check", "full": "integrity_check"}
_MOST_PROBLEMS = 5
_PLAIN = {"analyze": ("ANALYZE", 1), "optimise": ("PRAGMA optimize", 1), "reindex": ("REINDEX", 2)}
"""Step → statement and class: what locks others out for as long as it takes is of class 2."""


class Sqlite(Engine):
    """A SQLite file, which other processes may have open."""

    path: BookPath
    """The database file; it is never created."""

    measures: ClassVar[Mapping[str, str]] = {
        "size_bytes": "size of the file; limit `size`",
        "wal_bytes": "size of the write-ahead log, 0 where there is none",
        "free_percent": "share of the pages that hold nothing; limit `free_percent`",
        "rows": "rows of all tables together",
    }
    limited: ClassVar[frozenset[str]] = frozenset({"size", "free_percent"})
    steps: ClassVar[frozenset[str]] = frozenset({"vacuum", "integrity", "retention", *_PLAIN})
    confirmed: ClassVar[frozenset[str]] = frozenset({"vacuum", "retention", "reindex"})
    has_baselines: ClassVar[bool] = True

    @property
    def subject(self) -> str:
        return str(self.path)

    async def report(
        self, limits: Limits, baselines: Mapping[str, Baseline], patience: Patience, now: float
    ) -> Report:
        session = Session(self.path, patience, reads=True)
        return await session.aside(lambda each: look(each, limits, baselines, now))

    async def plan(
        self, steps: Sequence[MaintainStep], patience: Patience, now: float
    ) -> list[Task]:
        session = Session(self.path, patience, reads=True)
        return await session.aside(
            lambda each: [self._task(each, step, patience, now) for step in steps]
        )

    def _task(self, session: Session, step: MaintainStep, patience: Patience, now: float) -> Task:
        """A step that cannot be planned is a task that is refused: the others are done."""
        settings = step.settings
        try:
            if isinstance(settings, Retention):
                old = OldRows(settings, now)
                return self._doing(old.plan(session), old.carry_out, patience)
            if isinstance(settings, Integrity):
                return self._integrity(settings, patience)
            if step.kind == "vacuum":
                return self._vacuum(session, patience)
        except (DatabaseError, sqlite3.Error) as error:
            return Task(step.kind, 2, (), refused=str(error))
        statement, action_class = _PLAIN[step.kind]
        task = Task(step.kind, action_class, [statement], needs="the lock of the file")
        return self._doing(task, lambda each: _plain(each, statement), patience)

    def _integrity(self, step: Integrity, patience: Patience) -> Task:
        pragma = f"PRAGMA {_CHECKS[step.depth]}({_MOST_PROBLEMS})"
        task = Task(f"{step.depth} integrity check", 0, [pragma], needs="time", guards=True)
        return self._doing(task, lambda each: _checked(each, pragma), patience)

    def _vacuum(self, session: Session, patience: Patience) -> Task:
        found = sizes(session)
        size, free = float(found["size_bytes"]), float(found["free_bytes"])
        preview = f"{format_size(free)} of {format_size(size)} are free"
        needs = f"the lock of the file; {format_size(2 * size)} of disk"
        refused = too_little(self.path, int(size))
        task = Task("vacuum", 2, ["VACUUM"], preview, needs, refused)
        return self._doing(task, self._vacuumed, patience)

    def _vacuumed(self, session: Session) -> Change:
        """The space is looked at again: since the plan somebody may have taken it."""
        before = sizes(session)
        if missing := too_little(self.path, int(before["size_bytes"])):
            raise DatabaseError(missing)
        session.run("VACUUM")
        return Change(before, sizes(session))

    def _doing(self, task: Task, work: Callable[[Session], Change], patience: Patience) -> Task:
        async def carry_out() -> Change:
            return await Session(self.path, patience, reads=False).aside(work)

        # Whatever died during it, SQLite's journal has taken back what was not done to its end.
        return task if task.refused else replace(task, work=carry_out, again=carry_out)


def _plain(session: Session, statement: str) -> Change:
    before = sizes(session)
    session.run(statement)
    return Change(before, sizes(session))


def _checked(session: Session, pragma: str) -> Change:
    """Raises DatabaseError for a damaged file."""
    problems = "; ".join(str(row[0]) for row in session.rows(pragma))
    if problems != "ok":
        raise DatabaseError(f"{session.path} is damaged: {problems}; restore a backup")
    return Change(after={"integrity": problems}, said=problems)
