"""Outcomes become samples."""

import threading
import time
from pathlib import Path

import pytest

from opsbook.core.clock import SystemClock
from opsbook.core.events import Bus
from opsbook.core.labels import format_labels
from opsbook.metrics.model import Matcher, is_stale
from opsbook.metrics.recorder import Recorder
from opsbook.metrics.store import StoreError
from opsbook.metrics.stores.embedded import Embedded
from opsbook.probes.events import OutcomeTaken
from opsbook.probes.model import Measurements, Outcome, State
from opsbook.probes.watch import Watch
from tests.probes.checks import make_check

CHECK = "a-tcp-check"


@pytest.fixture
def store(tmp_path: Path) -> Embedded:
    store = Embedded()
    store.bind(tmp_path, SystemClock())
    store.start()
    return store


class Recording:
    """A recorder that is fed by hand."""

    def __init__(self, store: Embedded) -> None:
        self.clock, self.bus, self.store = SystemClock(), Bus(), store
        self.check = make_check("tcp", {"host": "localhost", "port": 80})
        self.watch = Watch([self.check], self.bus, self.clock)
        self.recorder = Recorder(store, self.watch, self.bus)
        self.at = self.clock.now() - 100

    def take(self, measured: Measurements, state: State = State.UP) -> None:
        self.at += 1
        outcome = Outcome(self.at, 0.25, state, "", measured)
        self.check.take(outcome)
        self.bus.announce(OutcomeTaken(CHECK, outcome))

    def found(self, name: str) -> dict[str, list[float]]:
        """Series and their values, less the check's own labels."""
        end = int(self.clock.now() * 1000)
        frames = self.store.select((Matcher("__name__", "=", name),), 0, end)
        return {
            format_labels(tuple(pair for pair in labels if pair[0] not in ("check", "__name__"))): [
                value for value in frame.values[:, column].tolist() if value == value
            ]
            for frame in frames
            for column, labels in enumerate(frame.labels)
        }


def test_a_state_is_one_among_zeros(store: Embedded) -> None:
    recording = Recording(store)
    recording.take({"connect_seconds": 0.5})
    recording.recorder._write()
    states = recording.found("opsbook_check_state")
    store.close()
    assert states == {f'{{state="{state}"}}': [float(state == "up")] for state in State}


def test_measurements_and_the_duration_are_kept_and_texts_are_not(store: Embedded) -> None:
    recording = Recording(store)
    recording.take({"connect_seconds": 0.5, "greeting": "hello", "well": True})
    recording.take({"connect_seconds": 0.75, "greeting": "hello", "well": False})
    recording.recorder._write()
    measured = recording.found("opsbook_check_measurement")
    durations = recording.found("opsbook_check_duration_seconds")
    store.close()
    assert measured == {
        '{measurement="connect_seconds"}': [0.5, 0.75],
        '{measurement="well"}': [1.0, 0.0],
    }
    assert durations == {"{}": [0.25, 0.25]}


def test_what_is_not_measured_any_more_has_ended(store: Embedded) -> None:
    recording = Recording(store)
    recording.take({"connect_seconds": 0.5, "load": 1.0})
    recording.take({"connect_seconds": 0.5})
    recording.recorder._write()
    matchers = (Matcher("measurement", "=", "load"),)
    (frame,) = store.select(matchers, 0, int(recording.clock.now() * 1000))
    store.close()
    assert is_stale(frame.values[:, 0]).tolist() == [False, True]


def test_what_the_store_refuses_is_counted_and_the_rest_goes_on(
    store: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(store)

    def refuse(*_: object) -> None:
        raise StoreError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(recording.recorder, "_append", refuse)
        recording.take({"connect_seconds": 0.5})
        recording.recorder._write()
    recording.take({"connect_seconds": 0.75})
    recording.recorder._write()
    found = recording.found("opsbook_check_measurement")
    store.close()
    assert recording.recorder.lost == 1
    assert found == {'{measurement="connect_seconds"}': [0.75]}


def test_samples_are_written_by_one_thread_at_a_time(
    store: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(store)
    for _ in range(6):
        recording.take({"connect_seconds": 0.5})
    inside, most = 0, 0

    def append(*_: object) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.01)
        inside -= 1

    monkeypatch.setattr(recording.recorder, "_append", append)
    threads = [threading.Thread(target=recording.recorder._write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert (most, recording.recorder.waiting) == (1, 0)


def test_memory_is_bounded(store: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsbook.metrics.recorder._MOST_WAITING", 3)
    recording = Recording(store)
    for _ in range(5):
        recording.take({"connect_seconds": 0.5})
    store.close()
    assert (recording.recorder.waiting, recording.recorder.lost) == (3, 2)
