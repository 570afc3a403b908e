"""A database of about a gigabyte: half events as JSON, half accounts of a bank."""

from pathlib import Path

from tests.servers.postgres import Postgres

_EVENT_BYTES = 400
_ACCOUNT_BYTES = 110
"""About, as pg_dump writes a row of each."""


def fill(server: Postgres, size: int) -> None:
    """Make `bank`, which pg_dump writes as about `size` bytes."""
    server.execute("CREATE DATABASE bank")
    with server.connect(dbname="bank") as connection:
        connection.execute(
            "CREATE TABLE events (id bigint PRIMARY KEY, at timestamptz, body jsonb)"
        )
        connection.execute(
            """
            INSERT INTO events SELECT n, now() - n * interval '1 second', jsonb_build_object(
                'tenant', 'tenant-' || n %% 997, 'model', 'large-' || n %% 7,
                'tokens', n * 31 %% 9973,
                'latency', random(), 'trace', md5(n::text), 'text',
                repeat(md5((n %% 4096)::text), 4),
                'ok', n %% 13 <> 0, 'tags', jsonb_build_array(n %% 11, n %% 17, 'a', 'b'))
            FROM generate_series(1, %s) AS n
            """,
            [size // 2 // _EVENT_BYTES],
        )
        connection.execute(
            "CREATE TABLE pgbench_accounts (aid bigint PRIMARY KEY, bid int, abalance int, "
            "filler char(84))"
        )
        connection.execute(
            "INSERT INTO pgbench_accounts SELECT n, n / 100000, (random() * 10000)::int, '' "
            "FROM generate_series(1, %s) AS n",
            [size // 2 // _ACCOUNT_BYTES],
        )
        connection.execute("VACUUM ANALYZE")


def url_of(server: Postgres, database: str) -> str:
    login = f"{server.user}:{server.password}"
    return f"postgresql://{login}@{server.host}:{server.port}/{database}"


def dump_of(server: Postgres) -> list[str]:
    """pg_dump to standard output, uncompressed, as all of them take it."""
    return [str(Path(server.binaries) / "pg_dump"), "-Fc", "-Z0", "bank"]
