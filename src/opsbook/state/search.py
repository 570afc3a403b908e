"""Entries of the ledger that match, the newest first."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, or_, select

from opsbook.state.chain import Entry
from opsbook.state.database import reading
from opsbook.state.tables import ledger


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; what is empty is not asked."""

    kinds: tuple[str, ...] = ()
    """One that ends with a dot stands for all that begin so."""
    subject: str = ""
    actor: str = ""
    text: str = ""
    """Somewhere in the body, whatever the case of its letters."""
    before: int | None = None
    """Only entries with a smaller number."""


def search(engine: Engine, wanted: Search, most: int) -> list[Entry]:
    """At most so many. Blocks."""
    query = select(ledger).where(*_conditions(wanted)).order_by(ledger.c.seq.desc()).limit(most)
    with reading(engine) as connection:
        return [Entry(*row) for row in connection.execute(query)]


def _conditions(wanted: Search) -> list[ColumnElement[bool]]:
    found = []
    if wanted.kinds:
        found.append(or_(*map(_of_kind, wanted.kinds)))
    if wanted.subject:
        found.append(ledger.c.subject == wanted.subject)
    if wanted.actor:
        found.append(ledger.c.actor == wanted.actor)
    if wanted.text:
        found.append(ledger.c.body.icontains(wanted.text, autoescape=True))
    if wanted.before is not None:
        found.append(ledger.c.seq < wanted.before)
    return found


def _of_kind(kind: str) -> ColumnElement[bool]:
    if kind.endswith("."):
        return ledger.c.kind.startswith(kind, autoescape=True)
    return ledger.c.kind == kind
