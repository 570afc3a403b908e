"""A PostgreSQL with the database of a shop, and backups of it, good and bad."""

import contextlib
import gzip
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.servers.postgres import Postgres, postgres


@contextlib.contextmanager
def shop() -> Iterator[Postgres]:
    """With the database `shop`: four orders, two people, and a role that owns it."""
    with postgres() as server:
        server.execute("CREATE ROLE seller", "CREATE DATABASE shop OWNER seller")
        with server.connect(dbname="shop") as shop:
            shop.execute("CREATE TABLE orders (id int PRIMARY KEY, text text)")
            shop.execute(r"INSERT INTO orders VALUES (1, 'a\b'), (2, E'\n'), (3, '\!'), (4, '')")
            shop.execute("CREATE TABLE people (id int PRIMARY KEY)")
            shop.execute("INSERT INTO people VALUES (1), (2)")
            shop.execute("ALTER TABLE orders OWNER TO seller")
        yield server


def url(server: Postgres, port: int = 0) -> str:
    login = f"{server.user}:{server.password}"
    return f"postgresql://{login}@{server.host}:{port or server.port}/shop"


def dump(server: Postgres, file: Path, *options: str) -> Path:
    argv = [str(server.binaries / "pg_dump"), "--dbname=shop", f"--file={file}", *options]
    subprocess.run(argv, env={**os.environ, **server.environment}, check=True)
    return file


def dump_zipped(server: Postgres, file: Path, *options: str) -> Path:
    text = dump(server, file.with_suffix(".plain"), *options)
    file.write_bytes(gzip.compress(text.read_bytes()))
    text.unlink()
    return file


def restored(server: Postgres) -> list[str]:
    with server.connect() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '_restored_'")
        return [str(row[0]) for row in rows]


def rows(server: Postgres, database: str) -> list[Any]:
    with server.connect(dbname=database) as connection:
        return connection.execute("SELECT * FROM orders ORDER BY id").fetchall()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def broken_custom(server: Postgres, backups: Path) -> str:
    """Its table of contents is whole, its data is not."""
    dump(server, backups / "shop", "--format=custom", "--compress=0")
    cut(backups / "shop")
    return "pg_restore"


def broken_zip(server: Postgres, backups: Path) -> str:
    cut(dump_zipped(server, backups / "shop.sql.gz"))
    return "is broken"


def cut_off(server: Postgres, backups: Path) -> str:
    """Somebody zipped what a pg_dump that died had left."""
    text = dump(server, backups / "shop.sql").read_bytes()
    (backups / "shop.sql").unlink()
    (backups / "shop.sql.gz").write_bytes(gzip.compress(text[: len(text) // 2]))
    return "is cut off"


def wrong_statement(server: Postgres, backups: Path) -> str:
    """psql would go on after it, and end with 0."""
    text = dump(server, backups / "shop.sql").read_text()
    wrong = text.replace("COPY public.people", "SELECT 1/0;\nCOPY public.people")
    (backups / "shop.sql").write_text(wrong)
    return "division by zero"


def leading_elsewhere(server: Postgres, backups: Path) -> str:
    """It would drop the lost database and fill that one."""
    dump_zipped(server, backups / "shop.sql.gz", "--create", "--clean")
    return "connect of psql"


def too_few_rows(server: Postgres, backups: Path) -> str:
    dump(server, backups / "shop", "--format=custom", "--exclude-table-data=people")
    return "people has 0 rows"


def no_backup(server: Postgres, backups: Path) -> str:
    del server
    (backups / "notes.txt").write_text("the backups moved")
    return "no backup there"
