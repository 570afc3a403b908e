"""What lives import in their course: they begin with it already there."""

from alembic import command, config

from opsbook.durable.engines import dbos
from tests.crash import backup, platform, recover

__all__ = ["backup", "command", "config", "dbos", "platform", "recover"]
