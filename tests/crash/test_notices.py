"""Killed anywhere between an alert and its receiver's answer: none is lost, none comes twice."""

import json
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import Engine

from opsbook.alerts.delivery import posts
from opsbook.alerts.delivery.posts import Status
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import read_entries
from tests.servers.postgres import Postgres, postgres

STEPS = ["written", "sending", "answered", "finished", "recorded"]


class Catcher(ThreadingHTTPServer):
    """Remembers every key that was posted, and of which group."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()
        self.groups: dict[str, str] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Handler(BaseHTTPRequestHandler):
    server: Catcher

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.keys[body["key"]] += 1
        self.server.groups[body["key"]] = body["group"]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    server = Catcher()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "state.db").render_as_string(hide_password=False)
    server: Postgres = request.getfixturevalue("server")
    name = f"crash_{abs(hash(tmp_path)):x}"
    with server.connect() as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # a name of our own making
    login = f"{server.user}:{server.password}@{server.host}:{server.port}"
    return f"postgresql+psycopg://{login}/{name}"


def life(database: str, catcher: Catcher, kind: str, end_at: str, alerts: int) -> list[str]:
    """One life; the fingerprints that it accepted."""
    command = [sys.executable, "-m", "tests.crash.deliver", database, catcher.url, kind, end_at]
    ended = subprocess.run(
        [*command, str(alerts)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == (0 if end_at == "nowhere" else -9), ended.stderr
    return ended.stdout.split()


def ends(engine: Engine) -> Counter[Status]:
    return Counter(post.status for post in posts.load_latest(engine, 1000))


@pytest.mark.parametrize("kind", ["keyed", "plain"])
@pytest.mark.parametrize("step", STEPS)
def test_a_notice_is_told_once_wherever_the_process_died(
    database: str, catcher: Catcher, kind: str, step: str
) -> None:
    accepted = life(database, catcher, kind, step, 1)
    life(database, catcher, kind, "nowhere", 0)
    engine = connect(database)
    try:
        (status,) = ends(engine)
        if kind == "keyed" or step in ("written", "finished", "recorded"):
            assert status is Status.SENT
            assert len(catcher.keys) == 1
        else:
            assert status is Status.UNKNOWN
        if kind == "plain":
            assert catcher.keys.total() == (0 if step == "sending" else 1)
        with reading(engine) as connection:
            (entry,) = read_entries(connection, kind=f"notice.{status}")
        assert accepted == [] or accepted[0] in entry.body
    finally:
        engine.dispose()


def test_who_is_told_instead_hears_of_it_wherever_the_process_died(
    database: str, catcher: Catcher
) -> None:
    life(database, catcher, "refused", "finished", 1)
    engine = connect(database)
    try:
        assert ends(engine) == {Status.FAILED: 1, Status.NEW: 1}
        life(database, catcher, "refused", "nowhere", 0)
        assert (catcher.keys.total(), ends(engine)[Status.SENT]) == (1, 1)
    finally:
        engine.dispose()


@pytest.mark.parametrize("kind", ["keyed", "plain"])
def test_killed_again_and_again_no_accepted_alert_goes_untold(
    tmp_path: Path, catcher: Catcher, kind: str
) -> None:
    chance = random.Random(kind)
    database = sqlite_url(tmp_path / "state.db").render_as_string(hide_password=False)
    accepted: set[str] = set()
    for _ in range(12):
        command = [sys.executable, "-m", "tests.crash.deliver", database, catcher.url, kind]
        with subprocess.Popen([*command, "random", "5"], stdout=subprocess.PIPE, text=True) as one:
            assert one.stdout is not None
            assert one.stdout.readline() == "alive\n"  # how long a start takes says nothing
            threading.Timer(chance.uniform(0.0, 0.6), one.kill).start()
            accepted |= set(one.stdout.read().split())
    life(database, catcher, kind, "nowhere", 0)
    engine = connect(database)
    try:
        done = [Status.SENT, Status.UNKNOWN]
        told = {name for post in posts.load_latest(engine, 10_000, *done) for name in post.firing}
        assert accepted <= told
        assert ends(engine)[Status.NEW] == ends(engine)[Status.SENDING] == 0
        if kind == "plain":
            assert max(catcher.keys.values()) == 1
        # Whatever was repeated was repeated under its own key: five groups, one notice each.
        assert len(catcher.keys) == len(set(catcher.groups.values()))
    finally:
        engine.dispose()
