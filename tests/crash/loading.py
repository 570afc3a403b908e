"""The middle of a pg_restore, in which a row takes its time on its way into its table, and of a
pg_dump that waits for one."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from opsbook.backups.source import Work
from opsbook.backups.tools.program import Program

SLOW = (
    "CREATE FUNCTION pause() RETURNS bool LANGUAGE sql AS 'SELECT pg_sleep(0.5) IS NOT NULL'",
    "CREATE TABLE slow (n int)",
    "INSERT INTO slow VALUES (1)",
    "ALTER TABLE slow ADD CHECK (public.pause())",
)
_LOADS = "SELECT datname FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
_WAITS = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK%'"
_WITHIN = 20.0


def while_loading(url: str, tell: Callable[[str], None]) -> None:
    """From now on, whenever a pg_restore of this process is amid its rows, tell into which
    database. `url` is any database of its server; what is loaded has the table of SLOW."""
    _while("--exit-on-error", url, _LOADS, tell)


def while_dumping(url: str, tell: Callable[[], None]) -> None:
    """The same of a pg_dump that waits for a table which somebody has locked."""
    _while("--no-password", url, _WAITS, lambda _: tell())


def while_streaming(tell: Callable[[], None]) -> None:
    """When rows come out of a pg_dump."""
    blocks = Program._blocks

    def told(program: Program, stdout: Any, work: Work) -> Iterator[bytes]:
        for block in blocks(program, stdout, work):
            if any(word.startswith("--snapshot") for word in program._argv):
                tell()
            yield block

    Program._blocks = told  # type: ignore[assignment, method-assign]


def _while(word: str, url: str, query: str, tell: Callable[[str], None]) -> None:
    start = Program._start

    def started(program: Program, stdin: int, stdout: int) -> Any:
        process = start(program, stdin, stdout)
        if word in program._argv:
            threading.Thread(target=_watch, args=(url, query, tell), daemon=True).start()
        return process

    Program._start = started  # type: ignore[assignment, method-assign]


def _watch(url: str, query: str, tell: Callable[[str], None]) -> None:
    deadline = time.monotonic() + _WITHIN
    with psycopg.connect(url, autocommit=True) as server:
        while time.monotonic() < deadline:
            for (found,) in server.execute(query.encode()):
                tell(str(found))
                return
            time.sleep(0.01)
