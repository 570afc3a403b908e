"""Lives of one platform, one after the other, and whether what they leave behind is right."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.engine import URL, make_url

from opsbook.alerts.delivery import posts
from opsbook.alerts.delivery.posts import Status
from opsbook.incidents import store
from opsbook.runbooks.store import runs
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import read_entries, verify
from tests.crash.forks import FORKS
from tests.crash.hearing import Hearing
from tests.crash.platform import begin, platform_book
from tests.crash.test_kill_9 import copies

_AT_MOST = 90.0


class Lives:
    """All on the same book and data."""

    def __init__(self, directory: Path, hearing: Hearing, database: str | None = None) -> None:
        """`database` is the URL of an empty one on PostgreSQL; SQLite without."""
        directory.mkdir(exist_ok=True)
        self.directory, self._hearing, self._database = directory, hearing, database
        self._book = platform_book(directory, hearing.url, shared=database is not None)

    def live(self, deaths: Path | None = None, within: float | None = None) -> bool:
        """One life, killed so many seconds after it began to watch, or at a point that is not in
        `deaths`; whether it was killed. Fails for a life that ended otherwise than it should."""
        watching = FORKS.Event()
        words = (self._book, deaths, self._database, watching)
        life = FORKS.Process(target=_begin, args=words)
        life.start()
        if within is not None:
            # How long a start takes on a busy machine says nothing.
            assert watching.wait(_AT_MOST), "a life did not begin"
        life.join(_AT_MOST if within is None else within)
        if life.exitcode is None:
            life.kill()
            life.join()
        assert life.exitcode in (0, -9), f"a life ended with {life.exitcode}, see its words"
        return life.exitcode != 0

    def check(self) -> None:
        """Each effect, incident, run and entry once; each notice as its receiver was declared."""
        assert (self.directory / "effects").read_text() == "mended\n"
        assert len(copies(self.directory)) == 1
        state = connect(self._url)
        try:
            self._check_state(state)
            self._check_notices(state)
        finally:
            state.dispose()

    @property
    def _url(self) -> URL:
        if self._database is None:
            return sqlite_url(self.directory / "data/state.db")
        return make_url(self._database).set(drivername="postgresql+psycopg")

    def _check_state(self, state: Engine) -> None:
        (incident,) = store.load_latest(state, 10)
        assert incident.paged == ("L1",)
        with reading(state) as connection:
            (run,) = connection.execute(select(runs.c.id, runs.c.state))
            counted = Counter(entry.kind for entry in read_entries(connection, subject=run.id))
            told = Counter(entry.kind for entry in read_entries(connection, subject=incident.id))
        assert run.state == "succeeded"
        kinds = ("requested", "started", "step_started", "step_done", "ended")
        assert counted == {f"run.{kind}": 1 for kind in kinds}
        assert (told["incident.opened"], told["incident.paged"]) == (1, 1)
        assert verify(state).problem is None

    def _check_notices(self, state: Engine) -> None:
        # That an alert ended is no notice to who does not want to hear of ends.
        told = [post for post in posts.load_latest(state, 100) if post.firing]
        found = {post.key: post.status for post in told}
        heard = self._hearing.posts
        (keyed,), (duty,) = heard["keyed"], heard["duty"]
        assert found.pop(keyed) is found.pop(duty) is Status.SENT
        ((plain, status),) = found.items()
        assert heard["plain"].total() == heard["plain"][plain]
        assert heard["plain"].total() <= 1
        assert status in (Status.SENT, Status.UNKNOWN)
        self._check_told(state, {keyed, duty, *([plain] if status is Status.SENT else ())})
        assert status is Status.UNKNOWN or heard["plain"][plain] == 1

    def _check_told(self, state: Engine, sent: set[str]) -> None:
        """The ledger tells of each notice once, and of each time that an alert fires and ends."""
        with reading(state) as connection:
            notices = [
                entry.as_dict()["body"]["key"]
                for entry in read_entries(connection, kind="notice.sent")
            ]
            entries = list(read_entries(connection))
        assert sorted(notices) == sorted(sent)
        fires: dict[str, bool] = {}
        for entry in entries:
            if entry.kind in ("alert.firing", "alert.resolved"):
                alert = entry.as_dict()["body"]["fingerprint"]
                assert fires.get(alert, False) != (entry.kind == "alert.firing"), entry
                fires[alert] = entry.kind == "alert.firing"


def _begin(book: Path, deaths: Path | None, database: str | None, watching: Event) -> None:
    if database is not None:
        os.environ["CRASH_STATE"] = database
    begin(book, deaths, watching.set)


@contextmanager
def lives(directory: Path, hearing: Hearing, database: str | None = None) -> Iterator[Lives]:
    """The service that they leave running ends with the block."""
    try:
        yield Lives(directory, hearing, database)
    finally:
        for pid in copies(directory):
            os.kill(pid, 9)
