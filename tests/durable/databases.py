"""Databases of runs for tests."""

import itertools
import os

from tests.servers.postgres import Postgres

_numbers = itertools.count()


def fresh_database(server: Postgres, template: str = "template1") -> str:
    """The URL of a new database on a server: empty, or a copy of another."""
    name = f"runs_{os.getpid()}_{next(_numbers)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    login = f"{server.user}:{server.password}@{server.host}:{server.port}"
    return f"postgresql://{login}/{name}"
