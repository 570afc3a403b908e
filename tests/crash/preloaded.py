"""What a life of a platform imports in its course: it begins with it already there."""

from alembic import command, config

from opsbook.durable.engines import dbos
from tests.crash import platform

__all__ = ["command", "config", "dbos", "platform"]
