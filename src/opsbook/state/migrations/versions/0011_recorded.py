"""What the ledger says of each alert; what commands on further hosts write."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "alerts_said",
        sa.Column("fingerprint", sa.String(16), primary_key=True),
        sa.Column("starts_at", sa.Float, nullable=False),
        sa.Column("ends_at", sa.Float, nullable=True),
    )
    op.create_table(
        "runbook_output",
        sa.Column("job", sa.String(200), primary_key=True),
        sa.Column("begins", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False, index=True),
    )
    # Of what is known until now it is taken that the ledger has it.
    op.execute(
        "INSERT INTO alerts_said (fingerprint, starts_at, ends_at) "
        "SELECT fingerprint, starts_at, (SELECT max(h.ends_at) FROM alert_history h "
        "WHERE h.fingerprint = alerts.fingerprint AND h.ends_at = alerts.ends_at) FROM alerts"
    )
