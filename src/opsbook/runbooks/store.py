"""The tables of runs, of what people were asked, of locks, plans and proofs. All of it blocks
and is used from threads."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String, Table, Text

from opsbook.state.tables import metadata

runs = Table(
    "runbook_runs",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("runbook", String(100), nullable=False, index=True),
    Column("requested_at", Float, nullable=False),
    Column("unattended", Boolean, nullable=False),
    Column("alert", String(64), nullable=True, index=True),
    Column("incident", String(64), nullable=True, index=True),
    Column("submission", Text, nullable=False),
    Column("submitted", Boolean, nullable=False),
    Column("ended_at", Float, nullable=True),
    Column("state", String(12), nullable=False),
)
"""One row per run that was asked for, written before it is submitted."""

questions = Table(
    "runbook_questions",
    metadata,
    Column("id", String(300), primary_key=True),
    Column("run", String(200), nullable=False, index=True),
    Column("signal", String(200), nullable=False),
    Column("step", String(200), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("question", Text, nullable=False),
    Column("choices", Text, nullable=False),
    Column("role", String(12), nullable=False),
    Column("requester", String(200), nullable=False),
    Column("asked_at", Float, nullable=False),
    Column("until", Float, nullable=False),
    Column("answer", String(12), nullable=True),
    Column("answered_by", String(200), nullable=True),
    Column("answered_at", Float, nullable=True),
    Column("why", Text, nullable=False),
    Column("told", Boolean, nullable=False),
    Column("closed", Boolean, nullable=False),
)
"""What runs ask of people. `told` is whether the run has heard the answer."""

locks = Table(
    "runbook_locks",
    metadata,
    Column("service", String(200), primary_key=True),
    Column("run", String(200), nullable=False),
    Column("step", String(200), nullable=False),
    Column("taken_at", Float, nullable=False),
)

plans = Table(
    "runbook_plans",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("runbook", String(100), nullable=False),
    Column("parameters", Text, nullable=False),
    Column("made_at", Float, nullable=False),
    Column("signed_by", String(200), nullable=True),
    Column("signed_at", Float, nullable=True),
)

proofs = Table(
    "runbook_proofs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("runbook", String(100), nullable=False),
    Column("step", String(200), nullable=False),
    Column("run", String(200), nullable=False),
    Column("drill", String(200), nullable=False),
    Column("at", Float, nullable=False),
)
"""Rollbacks that a drill carried out and verified, by the content of their steps."""

output = Table(
    "runbook_output",
    metadata,
    Column("job", String(200), primary_key=True),
    Column("begins", BigInteger, primary_key=True, autoincrement=False),
    Column("ends", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False, index=True),
)
"""What commands on further hosts wrote: one row per piece, from byte `begins` to `ends`."""
