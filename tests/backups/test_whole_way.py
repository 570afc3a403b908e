"""The whole way of what is not SQLite: made, checked, proved, pruned, restored."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from opsbook.backups.restoring import choose, restore
from opsbook.backups.source import SourceError
from opsbook.backups.verification import Depth
from opsbook.core.errors import OpsbookError
from opsbook.core.procfs import command_name
from tests.backups.scene import Scene, scene
from tests.backups.sources.contract import children
from tests.backups.sources.work import make_source, make_work, take
from tests.databases.servers import postgres_of
from tests.servers.disk import small_disk
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis, redis

ROWS = 20_000
SHOP = (
    "CREATE TABLE orders (id bigint PRIMARY KEY, what jsonb)",
    """
    INSERT INTO orders SELECT n, jsonb_build_object('what', md5(n::text))
    FROM generate_series(1, 20000) AS n
    """,
    "CREATE TABLE customers AS SELECT generate_series(1, 7) AS id",
)
KEEP_ONE = {"last": 1, "at_least": 1}


@pytest.fixture(scope="module", params=["15", "17", "18"])
def server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with postgres_of(request.param) as running:
        yield filled(running)


def filled(server: Postgres) -> Postgres:
    server.execute("CREATE ROLE seller", "CREATE DATABASE shop OWNER seller")
    server.execute("ALTER DATABASE shop SET work_mem = '9MB'")
    with server.connect(dbname="shop") as connection:
        for statement in SHOP:
            connection.execute(statement.encode())
    return server


def url(server: Postgres, database: str) -> str:
    return f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/{database}"


def shop(server: Postgres, **changes: Any) -> dict[str, Any]:
    settings = {"database": url(server, "shop"), "bin": str(server.binaries), **changes}
    return {"source": {"postgres": settings}}


def asking(query: str, answer: Any) -> dict[str, Any]:
    return {"every": "7d", "assertions": [{"query": query, "value": answer}]}


async def proved(found: Scene) -> dict[str, Any]:
    """A backup checked, drilled and left over as the only one."""
    first = await found.make()
    assert first["state"] == "good", first
    second = await found.make()
    assert second["checked"]["a"]["ok"]
    drilled = await found.end(await found.backups.verify("orders", Depth.RESTORE, "ada", "to see"))
    assert drilled["state"] == "good", drilled
    pruned = await found.end(await found.backups.prune("orders", "ada", "to see"))
    assert pruned["state"] == "good"
    assert [each.id for each in found.copies()] == [second["backup"]]
    evidence: dict[str, Any] = drilled["verdict"]["evidence"]
    return evidence


def brought_back(found: Scene, target: str) -> str:
    """As `opsbook restore --do` does."""
    settings, place = found.vault.settings.sets["orders"], found.vault.place("a")
    chosen = choose("orders", settings, {"a": place}, "shop")
    return restore(chosen, settings, place, None, target, lambda *_: None)


@pytest.mark.parametrize("format_", ["custom", "directory"])
async def test_a_postgresql_database_goes_all_the_way(
    server: Postgres, tmp_path: Path, format_: str
) -> None:
    drill = asking("SELECT count(*) FROM orders", {"equals": ROWS})
    words = {"drill": drill, "retention": KEEP_ONE, **shop(server, format=format_)}
    async with scene(tmp_path, **words) as found:
        evidence = await proved(found)
        assert evidence["counts_compared"] == 2
        assert evidence["schema_compared"]
        assert evidence["remarks"] == []
        assert evidence["assertions"][0]["actual"] == ROWS
        back = f"back_{format_}"
        assert brought_back(found, back).endswith(f"/{back}")
        with pytest.raises(OpsbookError, match="not restored, it exists"):
            brought_back(found, back)
        source = found.vault.settings.sets["orders"].source
        source.places.move([(back, f"swapped_{format_}")], make_work(tmp_path / "swapping"))
    with server.connect(dbname=f"swapped_{format_}") as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (ROWS,)
        assert connection.execute("SHOW work_mem").fetchone() == ("9MB",)


async def test_a_dump_that_packs_itself_is_kept_as_it_is_at_the_level_of_the_set(
    tmp_path: Path,
) -> None:
    stored = []
    with postgres_of("17") as packing:
        filled(packing)
        for level in (1, 19):
            (tmp_path / str(level)).mkdir()
            async with scene(tmp_path / str(level), level=level, **shop(packing)) as found:
                await found.make()
                manifest = found.copies()[0].manifest
                assert manifest is not None
                dump = manifest.files[0]
                assert (dump.name, dump.compression) == ("database.dump", "none")
                stored.append(dump.size)
                argv = [str(packing.binaries / "pg_restore"), "--list"]
                argv += map(str, (tmp_path / str(level)).rglob("database.dump"))
                listed = subprocess.run(argv, capture_output=True, text=True, check=True)
                assert "Compression: zstd" in listed.stdout
    assert stored[1] < stored[0]


async def test_rows_that_are_missing_fail_the_drill(server: Postgres, tmp_path: Path) -> None:
    drill = asking("SELECT count(*) FROM customers", {"at_least": 8})
    async with scene(tmp_path, drill=drill, **shop(server)) as found:
        await found.make()
        run = await found.backups.verify("orders", Depth.RESTORE, "ada", "to see")
        result = await found.end(run)
    assert result["state"] == "failed"
    assert "7, expected at least 8" in result["verdict"]["message"]


async def test_a_newer_dump_is_not_restored_into_an_older_server(tmp_path: Path) -> None:
    with postgres_of("18") as newer, postgres_of("15") as older:
        async with scene(tmp_path, **shop(filled(newer))) as found:
            await found.make()
            with pytest.raises(OpsbookError, match="the server is 15, the backup of 18"):
                brought_back(found, url(older, "back"))
        with older.connect() as connection:
            rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    assert "back" not in [name for (name,) in rows]


async def test_a_dump_that_is_killed_halfway_makes_no_backup(
    server: Postgres, tmp_path: Path
) -> None:
    done = threading.Event()

    def kill() -> None:
        while not done.wait(0.001):
            for pid in children():
                if command_name(pid) == "pg_dump":
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    async with scene(tmp_path, **shop(server)) as found:
        good = (await found.make())["backup"]
        killer.start()
        try:
            result = await found.make()
        finally:
            done.set()
            killer.join()
        assert result["state"] == "failed"
        assert "was killed by signal 9" in result["errors"]["a"]
        assert [each.id for each in found.copies()] == [good]


def test_a_disk_that_is_full_while_it_is_dumped_is_told_and_emptied(
    server: Postgres, tmp_path: Path
) -> None:
    source = make_source("postgres", shop(server, format="directory")["source"]["postgres"])
    with small_disk(tmp_path / "small", "200k") as disk:
        work = make_work(disk / "scratch")
        with pytest.raises(SourceError, match="No space left"):
            take(source, work)
        assert list(work.scratch.iterdir()) == []


def test_a_disk_that_is_full_while_it_is_restored_leaves_no_database(
    server: Postgres, tmp_path: Path
) -> None:
    source = make_source("postgres", shop(server)["source"]["postgres"])
    taken = take(source, make_work(tmp_path / "taking"))
    with small_disk(tmp_path / "small", "200k") as disk:
        work = make_work(disk / "scratch")
        with pytest.raises(SourceError, match="No space left"):
            source.restore(taken.files, taken.facts, "full", work)
        assert list(work.scratch.iterdir()) == []
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        server.connect(dbname="full")


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Redis]:
    (tmp_path / "keys").mkdir()
    with redis(tmp_path / "keys", "--repl-diskless-sync-delay", "0") as running:
        running.send(*(f"SET key:{number} {number}" for number in range(1000)))
        running.send("SELECT 3", "HSET user:1 name ada")
        yield running


@pytest.mark.parametrize("how", ["replica", "bgsave"])
async def test_a_redis_goes_all_the_way(
    keys: Redis, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, how: str
) -> None:
    source = {"redis": {"host": keys.host, "port": keys.port, "how": how}}
    drill = asking("GET key:700", {"equals": 700})
    async with scene(tmp_path, source=source, drill=drill, retention=KEEP_ONE) as found:
        evidence = await proved(found)
        assert evidence["counts_compared"] == 2
        with redis(tmp_path_factory.mktemp("empty")) as empty:
            target = f"redis://{empty.host}:{empty.port}"
            assert brought_back(found, target) == f"1001 keys in {empty.host}:{empty.port}"
            assert ":1000" in empty.send("DBSIZE")
            assert "ada" in empty.send("SELECT 3", "HGET user:1 name")
            with pytest.raises(OpsbookError, match="it has keys already"):
                brought_back(found, target)
