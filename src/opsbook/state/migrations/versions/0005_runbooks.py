"""Runs of runbooks, questions to people, locks, plans and proofs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "runbook_runs",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("runbook", sa.String(100), nullable=False, index=True),
        sa.Column("requested_at", sa.Float, nullable=False),
        sa.Column("unattended", sa.Boolean, nullable=False),
        sa.Column("alert", sa.String(64), nullable=True, index=True),
        sa.Column("incident", sa.String(64), nullable=True, index=True),
        sa.Column("submission", sa.Text, nullable=False),
        sa.Column("submitted", sa.Boolean, nullable=False),
        sa.Column("ended_at", sa.Float, nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
    )
    op.create_table(
        "runbook_questions",
        sa.Column("id", sa.String(300), primary_key=True),
        sa.Column("run", sa.String(200), nullable=False, index=True),
        sa.Column("signal", sa.String(200), nullable=False),
        sa.Column("step", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("choices", sa.Text, nullable=False),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("requester", sa.String(200), nullable=False),
        sa.Column("asked_at", sa.Float, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("answer", sa.String(12), nullable=True),
        sa.Column("answered_by", sa.String(200), nullable=True),
        sa.Column("answered_at", sa.Float, nullable=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "runbook_locks",
        sa.Column("service", sa.String(200), primary_key=True),
        sa.Column("run", sa.String(200), nullable=False),
        sa.Column("step", sa.String(200), nullable=False),
        sa.Column("taken_at", sa.Float, nullable=False),
    )
    op.create_table(
        "runbook_plans",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("runbook", sa.String(100), nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
        sa.Column("signed_by", sa.String(200), nullable=True),
        sa.Column("signed_at", sa.Float, nullable=True),
    )
    op.create_table(
        "runbook_proofs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("runbook", sa.String(100), nullable=False),
        sa.Column("step", sa.String(200), nullable=False),
        sa.Column("run", sa.String(200), nullable=False),
        sa.Column("drill", sa.String(200), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
