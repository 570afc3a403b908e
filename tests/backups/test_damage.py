"""One bit, anywhere in any file of a backup of any kind: it is found."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from opsbook.backups.settings import BackupSettings, backup_settings_for
from opsbook.backups.vault import Vault, bound
from opsbook.backups.verification import Depth, Verdict, Verification
from opsbook.core.clock import SystemClock
from opsbook.state.database import connect, sqlite_url
from tests.backups.scene import database, place
from tests.backups.sources.work import make_work
from tests.servers.postgres import postgres
from tests.servers.redis import redis

HALT = threading.Event()
ROWS = "CREATE TABLE orders AS SELECT n AS id, md5(n::text) FROM generate_series(1, 500) AS n"
KINDS = ("sqlite", "files", "command", "postgres", "postgres-in-a-directory", "redis")


@dataclass(frozen=True)
class Kept:
    """Backups of every kind, at one destination."""

    settings: BackupSettings
    directory: Path
    ids: dict[str, str]

    def files(self, kind: str) -> list[Path]:
        found = (self.directory / "a" / kind / self.ids[kind]).rglob("*")
        return [each for each in sorted(found) if each.is_file()]

    def verdict(self, kind: str, depth: Depth) -> Verdict:
        where = bound(self.settings, "shop")["a"]
        work = make_work(self.directory / "work")
        each = self.settings.sets[kind]
        return Verification(each, where, kind, self.ids[kind], None, work).run(depth)


def sources(directory: Path, stack: ExitStack) -> Iterator[tuple[str, dict[str, Any]]]:
    file = database(directory / "orders.db")
    yield "sqlite", {"sqlite": {"path": str(file)}}
    (directory / "tree" / "inner").mkdir(parents=True)
    (directory / "tree" / "inner" / "text").write_text("some text\n" * 500)
    (directory / "tree" / "odd \n name").symlink_to("inner/text")
    yield "files", {"files": {"paths": [str(directory / "tree")]}}
    yield "command", {"command": {"argv": ["cat", str(directory / "tree/inner/text")]}}
    server = stack.enter_context(postgres(17))
    server.execute(ROWS)
    login = f"{server.user}:{server.password}@{server.host}:{server.port}"
    url = f"postgresql://{login}/{server.database}"
    dumped = {"database": url, "bin": str(server.binaries)}
    yield "postgres", {"postgres": dumped}
    yield "postgres-in-a-directory", {"postgres": {**dumped, "format": "directory"}}
    (directory / "redis").mkdir()
    keys = stack.enter_context(redis(directory / "redis", "--repl-diskless-sync-delay", "0"))
    keys.send(*(f"SET key:{number} value-{number}" for number in range(200)))
    yield "redis", {"redis": {"host": keys.host, "port": keys.port}}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    directory = tmp_path_factory.mktemp("kept")
    with ExitStack() as stack:
        sets = {kind: {**each, "to": ["a"]} for kind, each in sources(directory, stack)}
        section = {"destinations": {"a": place(directory / "a")}, "sets": sets}
        settings = backup_settings_for(section).model_validate(section)
        engine = connect(sqlite_url(directory / "state.db"))
        stack.callback(engine.dispose)
        vault = Vault("shop", settings, engine, directory / "scratch", SystemClock())
        stack.callback(vault.close)
        ids = {}
        for kind in sets:
            ids[kind] = vault.begin(kind)
            told = vault.make(kind, ids[kind], "daily", HALT)
            assert told["good"] == ["a"], told
    return Kept(settings, directory, ids)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_good_before(kept: Kept, kind: str) -> None:
    assert kept.verdict(kind, Depth.CHECK).ok
    assert kept.verdict(kind, Depth.OPEN).ok
    assert len(kept.files(kind)) >= 2


def damaged(file: Path, wrong: bytes, found: Callable[[], Verdict]) -> Verdict:
    """What is found while a file is another."""
    whole = file.read_bytes()
    file.write_bytes(wrong)
    try:
        return found()
    finally:
        file.write_bytes(whole)


@pytest.mark.parametrize("kind", KINDS)
@trying(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(chance=st.data())
def test_a_flipped_bit_is_found_wherever_it_is(kept: Kept, kind: str, chance: Any) -> None:
    file = chance.draw(st.sampled_from(kept.files(kind)), "file")
    content = bytearray(file.read_bytes())
    at = chance.draw(st.integers(0, len(content) * 8 - 1), "bit")
    content[at // 8] ^= 1 << at % 8
    verdict = damaged(file, bytes(content), lambda: kept.verdict(kind, Depth.CHECK))
    assert (verdict.ok, verdict.damaged) == (False, True), verdict


@pytest.mark.parametrize("kind", KINDS)
def test_each_file_is_damaged_by_its_first_and_its_last_bit(kept: Kept, kind: str) -> None:
    for file in kept.files(kind):
        whole = file.read_bytes()
        first, last = bytes([whole[0] ^ 1]) + whole[1:], whole[:-1] + bytes([whole[-1] ^ 128])
        for wrong in (first, last, whole[:-1], whole + b"\0", b""):
            for depth in (Depth.CHECK, Depth.OPEN):
                verdict = damaged(file, wrong, lambda at=depth: kept.verdict(kind, at))  # type: ignore[misc]
                assert (verdict.ok, verdict.damaged) == (False, True), (file.name, verdict)
