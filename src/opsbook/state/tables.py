"""The tables of the database, as SQLAlchemy sees them; the migrations make them."""

from sqlalchemy import Column, Integer, MetaData, String, Table, Text

metadata = MetaData()

ledger = Table(
    "ledger",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(24), nullable=False),
    Column("kind", String(100), nullable=False, index=True),
    Column("subject", String(200), nullable=False, index=True),
    Column("actor", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""One row per entry; `hash` covers the row and the hash of the row before it."""

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""The last entry, written with it: an end that was cut off is seen."""
