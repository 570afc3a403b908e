"""What is known of backups: made, verified, gone."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "backup_verdicts",
        sa.Column("set", sa.String(100), primary_key=True),
        sa.Column("destination", sa.String(100), primary_key=True),
        sa.Column("backup", sa.String(40), primary_key=True),
        sa.Column("about", sa.String(10), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("ok", sa.Boolean, nullable=True),
        sa.Column("damaged", sa.Boolean, nullable=False),
        sa.Column("message", sa.String(2000), nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
    )
