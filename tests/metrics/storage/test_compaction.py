"""Samples move into blocks, blocks into larger ones, and old ones go."""

from pathlib import Path

import numpy as np
import pytest

from opsbook.core.clock import ManualClock
from opsbook.core.labels import labels_of
from opsbook.metrics.model import Matcher
from opsbook.metrics.storage.engine import Engine
from opsbook.metrics.storage.limits import Limits
from tests.metrics.storage.model import ALWAYS, EVERYTHING, samples
from tests.metrics.storage.test_wal import full_disk

START = 1_700_000_640_000  # a whole number of 960 s
STEP = 5_000
LIMITS = Limits(block=60_000, merged=(240_000, 960_000), out_of_order=20_000)
SERIES = [labels_of({"__name__": "m", "n": str(number)}) for number in range(50)]


def filled(home: Path, rows: int, limits: Limits = LIMITS) -> Engine:
    engine = Engine(home, limits, ManualClock(START / 1000 + rows * STEP / 1000))
    layout = engine.layout("g", SERIES)
    for step in range(rows):
        values = np.arange(len(SERIES), dtype=np.float64) * step
        engine.append_row(layout, START + step * STEP, values)
    return engine


def blocks(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "blocks").iterdir())


def test_blocks_hold_whole_windows_of_wall_time(tmp_path: Path) -> None:
    engine = filled(tmp_path, 12 * 3 + 2)
    engine.compaction.cut(idle_since=0.0)
    firsts = [block.first for block in engine._holdings.blocks.values()]
    assert firsts == [START, START + 60_000]
    engine.close()


def test_blocks_of_a_window_that_is_over_become_one(tmp_path: Path) -> None:
    engine = filled(tmp_path, 12 * 16 + 5)
    before = samples(engine.select(EVERYTHING, *ALWAYS))
    engine.keep_house()
    assert len(blocks(tmp_path)) == 1
    assert samples(engine.select(EVERYTHING, *ALWAYS)) == before
    engine.close()


def test_the_log_goes_once_blocks_hold_it(tmp_path: Path) -> None:
    engine = filled(tmp_path, 12 * 4)
    full = engine.stats().log_bytes
    engine.keep_house()
    engine.compaction.cut(idle_since=2.0**60)
    assert engine.stats().log_bytes < full / 10
    assert len(samples(engine.select(EVERYTHING, *ALWAYS))[SERIES[0]]) == 12 * 4
    engine.close()


def test_a_group_that_fell_silent_is_put_away_whole(tmp_path: Path) -> None:
    engine = filled(tmp_path, 3)
    engine.compaction.cut(idle_since=2.0**60)
    assert len(blocks(tmp_path)) == 1
    later = engine.layout("g", SERIES[:1])
    assert engine.append_row(later, START + 60_000, np.array([1.0])).taken == 1
    engine.close()


def test_what_is_older_than_the_retention_goes_with_its_series(tmp_path: Path) -> None:
    limits = Limits(block=60_000, merged=(), out_of_order=20_000, retention=120_000)
    engine = filled(tmp_path, 12, limits)
    other = engine.layout("other", [labels_of({"__name__": "new"})])
    for step in range(12, 12 * 6):
        engine.append_row(other, START + step * STEP, np.array([1.0]))
    engine.compaction.cut(idle_since=2.0**60)
    engine.compaction.retain(START + 10**9)
    assert engine.series(EVERYTHING, *ALWAYS) == [labels_of({"__name__": "new"})]
    assert engine.stats().oldest == START + 180_000
    engine.close()


def test_the_oldest_goes_when_there_is_too_much(tmp_path: Path) -> None:
    limits = Limits(block=60_000, merged=(), out_of_order=20_000, retention_bytes=6_000)
    engine = filled(tmp_path, 12 * 10, limits)
    engine.keep_house()
    assert engine.stats().disk_bytes < 12_000
    oldest = engine.stats().oldest
    assert oldest is not None
    assert oldest > START
    engine.close()


def test_a_clock_that_jumps_ahead_costs_no_history(tmp_path: Path) -> None:
    engine = filled(tmp_path, 12 * 4)
    engine.compaction.run(START * 2, idle_since=0.0)
    assert len(samples(engine.select(EVERYTHING, *ALWAYS))[SERIES[0]]) == 12 * 4
    engine.close()


def test_deleted_samples_leave_the_disk_with_a_merge(tmp_path: Path) -> None:
    engine = filled(tmp_path, 12 * 16)
    engine.keep_house()
    engine.delete((Matcher("n", "=~", "[1-9].*"),), *ALWAYS)
    assert (tmp_path / "deletions.json").exists()
    before = engine.stats().disk_bytes
    layout = engine.layout("g", SERIES[:1])
    for step in range(12 * 16, 12 * 16 + 6):
        engine.append_row(layout, START + step * STEP, np.array([1.0]))
    engine.keep_house()
    assert len(blocks(tmp_path)) == 1
    assert engine.stats().disk_bytes < before
    assert samples(engine.select(EVERYTHING, *ALWAYS)).keys() == {SERIES[0]}
    engine.close()


def test_a_full_disk_stops_no_writes_and_is_over_when_there_is_room(tmp_path: Path) -> None:
    engine = filled(tmp_path, 12 * 4)
    layout = engine.layout("g", SERIES)
    with full_disk(200):
        engine.keep_house()
        assert "blocks can" in str(engine.trouble) or "until" in str(engine.trouble)
        late = engine.append_row(layout, START + 12 * 4 * STEP, np.zeros(len(SERIES)))
        assert late.taken == len(SERIES)
        assert len(samples(engine.select(EVERYTHING, *ALWAYS))[SERIES[0]]) == 12 * 4 + 1
    engine.append_row(layout, START + (12 * 4 + 1) * STEP, np.zeros(len(SERIES)))
    engine.keep_house()
    assert engine.trouble is None
    engine.close()
    again = Engine(tmp_path, LIMITS, ManualClock(START / 1000))
    assert len(samples(again.select(EVERYTHING, *ALWAYS))[SERIES[0]]) == 12 * 4 + 2
    assert again.stats().problems == ()
    again.close()


@pytest.mark.parametrize("rows", [40])
def test_a_crowded_head_is_put_away_early(tmp_path: Path, rows: int) -> None:
    limits = Limits(out_of_order=20_000, head_bytes=1000)
    engine = filled(tmp_path, rows, limits)
    engine.keep_house()
    assert len(blocks(tmp_path)) == 1
    assert len(samples(engine.select(EVERYTHING, *ALWAYS))[SERIES[0]]) == rows
    engine.close()


def test_nothing_is_taken_among_rows_that_are_being_written(tmp_path: Path) -> None:
    told = []

    def late(step: str) -> None:
        if step == "writing":
            told.append(engine.append_row(layout, START + STEP, np.zeros(1)).refused)

    engine = Engine(tmp_path, LIMITS, ManualClock(START / 1000), late)
    layout = engine.layout("g", [labels_of({"__name__": "late"})])
    first = engine.layout("g", SERIES[:1])
    for step in range(3):
        engine.append_row(first, START + step * STEP, np.zeros(1))
    engine.compaction.cut(idle_since=2.0**60)
    assert told == [{"too old": 1}]
    engine.close()
