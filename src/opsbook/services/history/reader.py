"""Reads from the ledger what makes the histories of checks and services. All of it blocks."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Connection, Engine, and_, func, or_, select

from opsbook.core.clock import iso
from opsbook.services.history.bars import History, history
from opsbook.services.history.changes import CHECK_KIND, SERVICE_KINDS, WATCH_KINDS, Record
from opsbook.services.history.course import CheckCourse, Course, ServiceCourse
from opsbook.state.database import reading
from opsbook.state.tables import ledger

_AT_ONCE = 500
"""Values of one statement."""


class HistoryReader:
    """Asks the ledger each time: it is what counts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self, name: str, service: str | None, start: float, end: float, bars: int) -> History:
        """Of one check. The service's life tells when maintenance by order was over."""
        course = CheckCourse(name, service)
        self._follow(_about([name], [service] if service else []), start, [course])
        return history(course.changes, start, end, bars)

    def service(
        self, name: str, checks: Collection[str], start: float, end: float, bars: int
    ) -> History:
        """Of one service with its checks."""
        course = ServiceCourse(name, checks)
        self._follow(_about(checks, [name]), start, [course])
        return _proved(history(course.changes, start, end, bars), checks)

    def services(
        self, checks: Mapping[str, Collection[str]], start: float, end: float, bars: int
    ) -> dict[str, History]:
        """Of many at once: service → its checks."""
        courses = {name: ServiceCourse(name, own) for name, own in checks.items()}
        self._follow(_about_all(), start, courses.values())
        return {
            name: _proved(history(course.changes, start, end, bars), checks[name])
            for name, course in courses.items()
        }

    def _follow(self, about: ColumnElement[bool], start: float, courses: Iterable[Course]) -> None:
        """Have each course take the entries about it, in their order."""
        courses = list(courses)
        by_check, by_service = _addresses(courses)
        with reading(self._engine) as connection:
            records = list(_read(connection, about, start))
            ends = _cut_short(connection, records)
        for record in records:
            if record.kind == "watch.started" and record.seq in ends:
                for course in courses:
                    course.lost(ends[record.seq], record.seq, "the watch was cut short")
            if record.kind in WATCH_KINDS:
                word = "began" if record.kind == "watch.started" else "ended"
                for course in courses:
                    course.lost(record.at, record.seq, f"the watch {word}")
            elif record.kind == CHECK_KIND:
                for course in by_check.get(record.subject, ()):
                    course.take(record)
            else:
                for course in by_service.get(record.subject, ()):
                    course.take(record)


def _proved(found: History, checks: Collection[str]) -> History:
    """Without a check nobody knows whether a service serves, only when it did not."""
    return found if checks else replace(found, availability_percent=None)


def _addresses(
    courses: Iterable[Course],
) -> tuple[dict[str, list[Course]], dict[str, list[Course]]]:
    by_check: dict[str, list[Course]] = {}
    by_service: dict[str, list[Course]] = {}
    for course in courses:
        for check in course.checks:
            by_check.setdefault(check, []).append(course)
        if course.service is not None:
            by_service.setdefault(course.service, []).append(course)
    return by_check, by_service


def _read(connection: Connection, about: ColumnElement[bool], start: float) -> Iterator[Record]:
    """From the last begin of a watch before the start on: before it nothing was known."""
    first = select(func.max(ledger.c.seq)).where(
        ledger.c.kind == WATCH_KINDS[0], ledger.c.at <= iso(start)
    )
    since = connection.execute(first).scalar() or 0
    names = ("seq", "at", "kind", "subject", "actor", "body")
    columns = [ledger.c[name] for name in names]
    query = select(*columns).where(ledger.c.seq >= since, about).order_by(ledger.c.seq)
    latest = 0.0
    for seq, at, kind, subject, actor, body in connection.execute(query).all():
        moment = datetime.fromisoformat(at).timestamp()
        if moment > latest:  # a clock that was set back must not turn the order around
            latest = moment
        yield Record(seq, latest, kind, subject, actor, from_json(body))


def _cut_short(connection: Connection, records: Iterable[Record]) -> dict[int, float]:
    """Begins of a watch before which no end was written → when the last life was seen last."""
    begins, running = [], False
    for record in records:
        if record.kind == "watch.started":
            if running:
                begins.append(record.seq)
            running = True
        elif record.kind == "watch.stopped":
            running = False
    found = {}
    for number in range(0, len(begins), _AT_ONCE):
        wanted = [seq - 1 for seq in begins[number : number + _AT_ONCE]]
        query = select(ledger.c.seq, ledger.c.at).where(ledger.c.seq.in_(wanted))
        for seq, at in connection.execute(query):
            found[seq + 1] = datetime.fromisoformat(at).timestamp()
    return found


def _about(checks: Collection[str], services: Collection[str]) -> ColumnElement[bool]:
    kind, subject = ledger.c.kind, ledger.c.subject
    return or_(
        kind.in_(WATCH_KINDS),
        and_(kind == CHECK_KIND, subject.in_(list(checks))),
        and_(kind.in_(SERVICE_KINDS), subject.in_(list(services))),
    )


def _about_all() -> ColumnElement[bool]:
    found: ColumnElement[bool] = ledger.c.kind.in_((*WATCH_KINDS, CHECK_KIND, *SERVICE_KINDS))
    return found
