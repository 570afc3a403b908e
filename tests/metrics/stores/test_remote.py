"""Another server as the store: the contract against real ones, and what is its own beside it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.request import urlopen

import pytest
from pydantic import ValidationError

from opsbook.core.clock import ManualClock, SystemClock
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.querier import querier
from opsbook.metrics.remote.reader import Reader
from opsbook.metrics.store import Stats, Store, StoreError
from opsbook.metrics.stores.remote import Remote
from tests.metrics.storage.model import ALWAYS, bits, samples
from tests.metrics.stores.contract import ALL, LOAD, UP, StoreContract
from tests.servers.certificate import certified
from tests.servers.loopback import free_port
from tests.servers.process import wait_until
from tests.servers.prometheus import Server, prometheus, victoria_metrics

CONFIG = "storage: {tsdb: {out_of_order_time_window: 10m}}\n"
FLAGS = ("--web.enable-remote-write-receiver", "--web.enable-admin-api")
NOBODY = "http://127.0.0.1:9"
SIGN_IN = "$2b$04$e4/Vxmrg5277AuIhePF5oOSiFu5enicCmvNViC83Lm4jXsNN18cP."
"""bcrypt of `open sesame`."""

AT_ONCE = "whether the server takes a sample is known later, and not from every server"
DECIMAL = "VictoriaMetrics keeps about fifteen decimal digits"
NOT_KEPT = {
    "test_a_contradiction_is_refused_and_counted": AT_ONCE,
    "test_a_sample_older_than_the_window_is_refused_and_counted": AT_ONCE,
    "test_a_staleness_marker_is_kept_and_told": "the API of a server shows no staleness markers",
    "test_stats_count": "how many samples another server holds is not known",
}


@pytest.fixture
def prometheus_server(tmp_path: Path) -> Iterator[Server]:
    with prometheus(tmp_path, CONFIG, *FLAGS) as server:
        yield server


@pytest.fixture
def victoria_server(tmp_path: Path) -> Iterator[Server]:
    with victoria_metrics(tmp_path) as server:
        yield server


class RemoteContract(StoreContract):
    """Each test has a server of its own: it starts in a tenth of a second."""

    kind = "remote"

    @pytest.fixture
    def now(self) -> int:
        return int(time.time() * 1000)

    @pytest.fixture
    def settings(self, server: Server) -> Mapping[str, Any]:
        return {"url": server.url}


class TestPrometheus(RemoteContract):
    not_kept: ClassVar[Mapping[str, str]] = NOT_KEPT

    @pytest.fixture
    def server(self, prometheus_server: Server) -> Server:
        return prometheus_server

    def test_queries_are_evaluated_by_the_server(self, store: Store, now: int) -> None:
        store.append("api", now, {UP: 2.0})
        asked = querier(store)
        assert id(asked) == id(store)
        assert asked.instant("up + 1", now).series[0].values.tolist() == [3.0]
        assert asked.range("up", now, now + 2, 1).series[0].values.tolist() == [2.0] * 3
        with pytest.raises(QueryError, match="parse error"):
            asked.instant("up +", now)


class Settled(Remote):
    """What VictoriaMetrics was sent can be found after about a second, or when it is told to."""

    def _reader(self) -> Reader:
        reader = super()._reader()
        with urlopen(f"{self.url}/internal/force_flush", timeout=10):
            return reader


class TestVictoriaMetrics(RemoteContract):
    not_kept: ClassVar[Mapping[str, str]] = {
        **NOT_KEPT,
        **dict.fromkeys(
            (
                "test_values_are_kept_exactly[1.152921504606847e+18]",
                "test_values_are_kept_exactly[5e-324]",
            ),
            "VictoriaMetrics keeps about fifteen decimal digits, and no denormal numbers",
        ),
        "test_a_time_without_samples_has_no_labels": "VictoriaMetrics knows of labels by the day",
        "test_what_was_deleted_is_gone": "VictoriaMetrics deletes whole series",
    }

    @pytest.fixture
    def server(self, victoria_server: Server) -> Server:
        return victoria_server

    def opened(self, settings: Mapping[str, Any], clock: ManualClock, home: Path) -> Store:
        store = Settled.model_validate(settings)
        store.bind(home / "metrics", clock)
        store.start()
        return store


def opened(home: Path, **settings: Any) -> Remote:
    store = Remote.model_validate(settings)
    store.bind(home / "metrics", SystemClock())
    store.start()
    return store


def now() -> int:
    return int(time.time() * 1000)


APPENDS_AND_DIES = """
import os, signal, sys
from pathlib import Path
from opsbook.core.clock import SystemClock
from opsbook.metrics.stores.remote import Remote
store = Remote(url=sys.argv[1])
store.bind(Path(sys.argv[2]) / "metrics", SystemClock())
store.start()
for step in range(50):
    assert store.append("api", int(sys.argv[3]) + step, {(("__name__", "up"),): step}).taken == 1
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_taken_survives_the_death_of_the_process(tmp_path: Path) -> None:
    first = now()
    argv = [sys.executable, "-c", APPENDS_AND_DIES, NOBODY, str(tmp_path), str(first)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(argv, env=environment).returncode == -signal.SIGKILL
    (tmp_path / "server").mkdir()
    with prometheus(tmp_path / "server", CONFIG, *FLAGS) as server:
        store = opened(tmp_path, url=server.url)
        (held,) = samples(store.select(ALL, *ALWAYS)).values()
        assert held == {first + step: bits(float(step)) for step in range(50)}
        store.close()


def test_samples_wait_while_the_server_is_away(tmp_path: Path) -> None:
    port, first = free_port(), now()
    store = opened(tmp_path, url=f"http://127.0.0.1:{port}")
    assert store.append("api", first, {UP: 1.0}).taken == 1
    wait_until(lambda: store.trouble is not None)
    assert f"127.0.0.1:{port}/api/v1/write: Connection refused; " in str(store.trouble)
    assert "of samples wait in" in str(store.trouble)
    with pytest.raises(StoreError, match="Connection refused"):
        store.select(ALL, *ALWAYS)
    with pytest.raises(QueryError, match="Connection refused"):
        store.instant("up", first)
    with pytest.raises(StoreError, match="has not taken what waits for it; nothing was deleted"):
        store.delete(ALL, *ALWAYS)
    with prometheus(tmp_path, CONFIG, *FLAGS, port=port):
        wait_until(lambda: store.trouble is None)
        assert samples(store.select(ALL, *ALWAYS)) == {UP: {first: bits(1.0)}}
    store.close()


def test_what_the_server_refuses_is_counted_and_alone_is_lost(tmp_path: Path) -> None:
    """Without a window for late samples Prometheus refuses a request whole, for one of them."""
    first = now()
    with prometheus(tmp_path, "", *FLAGS) as server:
        store = opened(tmp_path, url=server.url)
        store.append("api", first, {UP: 1.0})
        assert store.select(ALL, *ALWAYS)
        store.append("api", first, {UP: 2.0, LOAD: 0.5})
        store.append("api", first - 3_600_000, {UP: 3.0})
        store.append("api", first + 1, {UP: 4.0})
        assert samples(store.select(ALL, *ALWAYS)) == {
            UP: {first: bits(1.0), first + 1: bits(4.0)},
            LOAD: {first: bits(0.5)},
        }
        assert store.stats().refused == {"refused by the server": 2}
        assert store.trouble is None
        store.close()


def test_what_finds_no_room_is_refused_and_told(tmp_path: Path) -> None:
    store = opened(tmp_path, url=NOBODY, queue="1 MB")
    labels = [(("__name__", "m"), ("n", os.urandom(5_000).hex())) for _ in range(200)]
    layout, first = store.layout("api", labels), now()
    values = store.append_row(layout, first, [0.0] * 200)  # type: ignore[arg-type]
    assert values.refused == {"no room": 200}
    assert store.stats().refused == {"no room": 200}
    small = store.layout("api", labels[:99])
    while store.append_row(small, first, [0.0] * 99).taken:  # type: ignore[arg-type]
        first += 1
    store.close()


def test_what_it_cannot_know_is_not_zero(tmp_path: Path) -> None:
    store = opened(tmp_path, url=NOBODY)
    assert store.stats() == Stats(None, None, None, 0, 0, None, None, {}, ())
    store.append("api", now(), {UP: 1.0})
    stats = store.stats()
    assert stats.disk_bytes == stats.log_bytes > 0
    store.close()


def test_it_signs_in_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_PASSWORD", "open sesame")
    certificate = certified(tmp_path)
    (tmp_path / "web.yml").write_text(
        f"tls_server_config: {{cert_file: {certificate.server}, key_file: {certificate.server}}}\n"
        f"basic_auth_users: {{ada: {SIGN_IN}}}\n"
    )
    flags = (*FLAGS, f"--web.config.file={tmp_path}/web.yml")
    port, first = free_port(), now()
    settings = {"url": f"https://127.0.0.1:{port}", "tls": {"ca": certificate.ca}}
    with prometheus(tmp_path, CONFIG, *flags, port=port, ready=False):
        store = opened(tmp_path, **settings, user="ada", password="env:METRICS_PASSWORD")
        store.append("api", first, {UP: 1.0})
        wait_until(lambda: store.stats().disk_bytes == 0)
        assert samples(store.select(ALL, *ALWAYS)) == {UP: {first: bits(1.0)}}
        store.close()
        stranger = opened(tmp_path, **settings)
        stranger.append("api", first, {UP: 1.0})
        wait_until(lambda: stranger.trouble is not None)
        assert "answers 401: Unauthorized" in str(stranger.trouble)
        stranger.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"user": "ada"}, "`user` and `password` go together"),
        (
            {"user": "ada", "password": "env:P", "bearer": "env:B"},
            "`user` and `bearer` exclude each other",
        ),
        ({"url": "http://ada:secret@there"}, "must not hold a password"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    settings: dict[str, str], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        Remote.model_validate({"url": NOBODY, **settings})


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("a file")
    with pytest.raises(StoreError, match="metrics: File exists; nothing was lost"):
        opened(tmp_path, url=NOBODY)
