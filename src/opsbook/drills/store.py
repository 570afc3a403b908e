"""The table of faults under way, and what drills read of the ledger. All of it blocks."""

from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import Column, Engine, Float, String, Table, delete, insert, select

from opsbook.state.chain import Entry
from opsbook.state.database import reading
from opsbook.state.tables import ledger, metadata

_MOST = 10_000

faults = Table(
    "drill_faults",
    metadata,
    Column("run", String(200), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("drill", String(100), nullable=False),
    Column("subject", String(500), nullable=False),
    Column("until", Float, nullable=False),
)


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A fault that may have begun and was not ended for certain."""

    run: str
    host: str
    """The machine on which it is: only there it can be ended."""
    drill: str
    subject: str
    until: float
    """When it must be over, in seconds since 1970."""


def add_fault(engine: Engine, row: FaultRow) -> None:
    with engine.begin() as connection:
        connection.execute(delete(faults).where(faults.c.run == row.run))
        connection.execute(insert(faults), asdict(row) | {"subject": row.subject[:500]})


def remove_fault(engine: Engine, run: str) -> None:
    with engine.begin() as connection:
        connection.execute(delete(faults).where(faults.c.run == run))


def faults_on(engine: Engine, host: str) -> list[FaultRow]:
    with reading(engine) as connection:
        rows = connection.execute(select(faults).where(faults.c.host == host))
        return [FaultRow(*row) for row in rows]


def entries_after(engine: Engine, seq: int, kinds: Collection[str]) -> list[Entry]:
    """What the ledger says of these kinds since an entry, oldest first, 10,000 at most."""
    query = (
        select(ledger)
        .where(ledger.c.seq > seq, ledger.c.kind.in_(kinds))
        .order_by(ledger.c.seq)
        .limit(_MOST)
    )
    with reading(engine) as connection:
        return [Entry(*row) for row in connection.execute(query)]


def find_entry(engine: Engine, drill: str, kind: str, run: str) -> Entry | None:
    """The entry of this kind about one run."""
    query = (
        select(ledger)
        .where(ledger.c.subject == drill, ledger.c.kind == kind)
        .order_by(ledger.c.seq.desc())
        .limit(_MOST)
    )
    with reading(engine) as connection:
        entries = (Entry(*row) for row in connection.execute(query))
        return next((each for each in entries if each.as_dict()["body"]["run"] == run), None)


def last_entry(engine: Engine, drill: str, kinds: Collection[str]) -> Entry | None:
    """The newest of these kinds about a drill."""
    query = (
        select(ledger)
        .where(ledger.c.subject == drill, ledger.c.kind.in_(kinds))
        .order_by(ledger.c.seq.desc())
        .limit(1)
    )
    with reading(engine) as connection:
        row = connection.execute(query).first()
    return Entry(*row) if row else None
