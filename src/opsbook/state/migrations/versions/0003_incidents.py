"""Incidents, and the alerts that went into them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("severity", sa.String(100), nullable=False),
        sa.Column("opened_at", sa.Float, nullable=False, index=True),
        sa.Column("closed_at", sa.Float, nullable=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("unrecorded", sa.Text, nullable=False),
    )
    op.create_table(
        "incident_alerts",
        sa.Column("incident", sa.String(40), primary_key=True),
        sa.Column("fingerprint", sa.String(16), primary_key=True, index=True),
    )
