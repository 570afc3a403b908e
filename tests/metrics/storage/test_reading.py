"""Frames are right while everything around them moves."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from opsbook.core.clock import ManualClock
from opsbook.core.labels import labels_of
from opsbook.metrics.model import Matcher
from opsbook.metrics.storage.engine import Engine
from opsbook.metrics.storage.limits import Limits
from tests.metrics.storage.model import ALWAYS, EVERYTHING, bits, samples

START = 1_700_000_040_000
LIMITS = Limits(block=60_000, merged=(240_000, 960_000), out_of_order=20_000)
STEP = 5_000


def opened(home: Path) -> Engine:
    return Engine(home, LIMITS, ManualClock(START / 1000 + 100_000))


def test_reads_see_every_moment_whole_during_compaction(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    layout = engine.layout("g", [labels_of({"__name__": "m", "n": str(n)}) for n in range(5)])
    over, wrong = threading.Event(), list[str]()
    done = [0]

    def read() -> None:
        while not over.is_set():
            least = done[0]
            for start in (START, START + least * STEP // 2):
                frames = engine.select(EVERYTHING, start, 2**53)
                times = frames[0].times if frames else np.empty(0, np.int64)
                first = -(-(start - START) // STEP)
                expected = START + np.arange(first, first + len(times)) * STEP
                if len(times) < least - first or not (times == expected).all():
                    wrong.append(f"{len(times)} of {least} rows from {first}")
                elif frames and not (frames[0].values == (times[:, None] - START)).all():
                    wrong.append("values of other times")

    def keep_house() -> None:
        while not over.is_set():
            engine.keep_house()

    threads = [threading.Thread(target=target) for target in (read, read, keep_house)]
    for thread in threads:
        thread.start()
    for step in range(1500):
        engine.append_row(layout, START + step * STEP, np.full(5, float(step * STEP)))
        done[0] = step + 1
    deadline = time.monotonic() + 30
    while (engine.stats().blocks or 0) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)  # a busy machine may not have come to it yet
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert (engine.stats().blocks or 0) > 1
    engine.close()


def test_a_frame_once_given_never_changes(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    layout = engine.layout("g", [labels_of({"__name__": "m"})])
    for step in range(60):
        engine.append_row(layout, START + step * STEP, np.array([float(step)]))
    engine.keep_house()
    (frame,) = engine.select(EVERYTHING, *ALWAYS)
    kept = frame.times.copy(), frame.values.copy()
    engine.append_row(layout, START + 59 * STEP - 1, np.array([-1.0]))
    engine.delete(EVERYTHING, START, START + 100_000)
    engine.keep_house()
    assert len(engine.select(EVERYTHING, *ALWAYS)[0].times) == 60 + 1 - 21
    assert (frame.times == kept[0]).all()
    assert (frame.values == kept[1]).all()
    engine.close()


def test_a_series_that_moved_to_another_group_is_one_series(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    labels, other = labels_of({"__name__": "m"}), labels_of({"__name__": "n"})
    old = engine.layout("old", [labels, other])
    new = engine.layout("new", [labels])
    for step in range(3):
        engine.append_row(old, START + step, np.array([float(step), 7.0]))
    for step in range(2, 5):
        engine.append_row(new, START + step, np.array([float(step)]))
    found = samples(engine.select(EVERYTHING, *ALWAYS))
    assert found[labels] == {START + step: bits(float(step)) for step in range(5)}
    assert len(found[other]) == 3
    engine.close()


def test_series_without_a_sample_in_the_range_are_not_there(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    names = [labels_of({"__name__": "m", "n": str(n)}) for n in range(2)]
    for step, name in enumerate(names):
        engine.append_row(engine.layout("g", [name]), START + step, np.array([1.0]))
    (frame,) = engine.select(EVERYTHING, START, START)
    assert frame.labels == (names[0],)
    assert frame.whole
    assert engine.series(EVERYTHING, START + 1, START + 1) == [names[1]]
    engine.close()


def test_a_strip_is_read_once(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    layout = engine.layout("g", [labels_of({"__name__": "m"})])
    for step in range(100):
        engine.append_row(layout, START + step * STEP, np.array([float(step)]))
    engine.keep_house()
    (first,) = engine.select((Matcher("__name__", "=", "m"),), *ALWAYS)
    engine.append_row(layout, START + 100 * STEP, np.array([100.0]))
    (second,) = engine.select((Matcher("__name__", "=", "m"),), *ALWAYS)
    assert np.shares_memory(first.values, second.values)
    assert len(second.times) == 101
    engine.close()


def test_shares_read_later_what_a_selection_reads_at_once(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    for group in ("a", "b"):
        layout = engine.layout(group, [labels_of({"__name__": "m", "job": group})])
        for step in range(100):
            engine.append_row(layout, START + step * STEP, np.array([float(step)]))
    engine.keep_house()
    shares = engine.shares(EVERYTHING, START, START + 50 * STEP)
    assert sum(share.samples for share in shares) == pytest.approx(2 * 51, rel=0.1)
    for group in ("a", "b"):
        layout = engine.layout(group, [labels_of({"__name__": "m", "job": group})])
        engine.append_row(layout, START + 100 * STEP, np.array([-1.0]))
    read = [frame for share in shares if (frame := share.read()) is not None]
    assert samples(read) == samples(engine.select(EVERYTHING, START, START + 50 * STEP))
    engine.close()


def test_a_share_of_a_block_that_broke_meanwhile_is_read_without_it(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    layout = engine.layout("g", [labels_of({"__name__": "m"})])
    for step in range(100):
        engine.append_row(layout, START + step * STEP, np.array([float(step)]))
    engine.keep_house()
    (share,) = engine.shares(EVERYTHING, *ALWAYS)
    block = min((tmp_path / "blocks").iterdir())
    block.write_bytes(bytes(100) + block.read_bytes()[100:])
    frame = share.read()
    assert frame is not None
    assert 0 < len(frame.times) < 100
    assert any(block.name in str(problem) for problem in engine.stats().problems)
    engine.close()


def test_resets_are_told_of_frames_without_gaps(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    layout = engine.layout("g", [labels_of({"__name__": "m", "n": str(n)}) for n in range(200)])
    for step in range(100):
        values = np.full(200, float(step))
        values[7] = step % 60
        engine.append_row(layout, START + step * STEP, values)
    engine.keep_house()
    (frame,) = engine.select(EVERYTHING, *ALWAYS)
    assert frame.falls is not None
    falls = frame.falls()
    assert falls is not None
    assert falls.rows.tolist() == [60]
    assert dict(frame.labels[int(falls.columns[0])])["n"] == "7"
    engine.close()
