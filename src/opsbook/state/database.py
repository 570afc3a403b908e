"""One database, SQLite or PostgreSQL, brought to the schema that this version knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from opsbook.core.errors import BadInputError

HEAD = "0011"
"""The newest migration; a test holds it against the folder."""
PATIENCE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""Of the connection with a server: a network that swallows everything is noticed within half a
minute, and not after hours (libpq; all in seconds, but for the last)."""


def over_the_network(who: str) -> dict[str, Any]:
    """How to connect to a PostgreSQL server, which knows us by this name."""
    return {"connect_timeout": 5, "application_name": who, **PATIENCE}


def sqlite_url(file: Path) -> URL:
    return URL.create("sqlite", database=str(file.absolute()))


def connect(url: URL | str, *, migrate: bool = True) -> Engine:
    """An engine at the newest schema.

    Raises BadInputError if the schema is newer still, if it is older and must not be changed,
    and if the database cannot be reached.
    """
    engine = _engine(make_url(url))
    try:
        if migrate:
            _migrate(engine)
        else:
            _refuse_other_schema(engine)
    except BaseException as error:
        engine.dispose()
        if isinstance(error, OperationalError) and engine.dialect.name != "sqlite":
            raise unreachable(engine.url, error) from None
        raise
    return engine


def unreachable(url: URL, error: OperationalError) -> BadInputError:
    """What is said of a database server that does not let us in."""
    cause = " ".join(str(error.orig).split())
    return BadInputError(
        f"the database {url.render_as_string()} cannot be reached: {cause}; "
        "start it, or mend `state: database` in the book"
    )


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url,
            pool_size=2,
            pool_timeout=10,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args=over_the_network("opsbook"),
        )
    engine = create_engine(url, pool_size=2, pool_timeout=10, hide_parameters=True)
    # SQLite would make it readable for all, and its other files take after it.
    Path(url.database or "").touch(mode=0o600)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _configure_sqlite(connection: Any, _: Any) -> None:
    # The driver's own BEGIN comes too late and takes no lock; see _begin_immediate.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "busy_timeout = 30000",
        "foreign_keys = ON",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one moment of the database and holds no writer up."""
    with engine.connect().execution_options(reading=True) as connection:
        yield connection


def _begin_immediate(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    current = _current(engine)
    if current == HEAD:
        return
    if current is not None and current > HEAD:
        raise BadInputError(
            f"the database has schema {current}, this opsbook knows {HEAD}; "
            "install the newer opsbook that wrote it"
        )
    _upgrade(engine)


def _refuse_other_schema(engine: Engine) -> None:
    current = _current(engine)
    if current != HEAD:
        raise BadInputError(
            f"the database {engine.url.render_as_string()} has schema {current or 'none'}, this "
            f"opsbook knows {HEAD}; start `opsbook up` of the same version on it first"
        )


def _current(engine: Engine) -> str | None:
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar()
        return version


def _upgrade(engine: Engine) -> None:
    # Alembic costs 10 MB of memory and is needed once per version of the schema.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
