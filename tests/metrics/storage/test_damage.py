"""Whatever a disk does to the files: no wrong value, no crash, the file is named."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from opsbook.core.clock import ManualClock
from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.model import ABSENT, STALE, Matcher
from opsbook.metrics.storage.engine import Engine
from opsbook.metrics.storage.limits import Limits
from tests.metrics.storage.model import ALWAYS, EVERYTHING, samples

START = 1_700_000_040_000
LIMITS = Limits(block=60_000, merged=(240_000,), out_of_order=10_000)

Held = dict[Labels, dict[int, int]]


def opened(home: Path) -> Engine:
    return Engine(home, LIMITS, ManualClock(START / 1000))


def fill(home: Path) -> tuple[Held, Held]:
    """What it holds, and what was ever written."""
    engine = opened(home)
    labels = [labels_of({"__name__": f"m{n % 3}", "n": str(n)}) for n in range(12)]
    layout = engine.layout("g", labels)
    rng = np.random.default_rng(7)
    counters = rng.integers(0, 100, (100, 6)).cumsum(axis=0).astype(np.float64)
    for step in range(100):
        values = np.concatenate([counters[step], rng.normal(size=6)])
        values[rng.integers(0, 12)] = rng.choice([ABSENT, STALE, np.nan])
        engine.append_row(layout, START + step * 5_000, values)
        if step % 25 == 24:
            engine.keep_house()
    written = samples(engine.select(EVERYTHING, *ALWAYS))
    engine.delete((Matcher("n", "=", "3"),), START + 100_000, START + 300_000)
    held = samples(engine.select(EVERYTHING, *ALWAYS))
    engine.close()
    return held, written


def files(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Held, Held]:
    home = tmp_path_factory.mktemp("whole") / "metrics"
    held, written = fill(home)
    return home, held, written


def check(home: Path, damaged: Path, held: Held, written: Held) -> None:
    engine = opened(home)
    found = samples(engine.select(EVERYTHING, *ALWAYS))
    for labels, values in found.items():
        assert values.items() <= written[labels].items()
    problems = engine.stats().problems
    if found != held or problems:
        assert {problem.file.name.removesuffix(".damaged") for problem in problems} == {
            damaged.name
        }
    engine.close()
    again = opened(home)
    later = samples(again.select(EVERYTHING, *ALWAYS))
    again.close()
    for labels, values in found.items():
        assert values.items() <= later[labels].items() <= written[labels].items()


def test_there_is_something_of_each_kind_to_damage(whole: tuple[Path, Held, Held]) -> None:
    home, held, written = whole
    kinds = {path.suffix for path in files(home)}
    assert kinds == {".block", ".wal", ".json"}
    assert held != written


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bytes_are_found(whole: tuple[Path, Held, Held], tmp_path: Path, seed: int) -> None:
    home, held, written = whole
    shutil.copytree(home, tmp_path / "metrics")
    chance = random.Random(seed)
    kind = [".block", ".wal", ".json"][seed % 3]
    path = chance.choice([one for one in files(tmp_path / "metrics") if one.suffix == kind])
    content = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 3)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    check(tmp_path / "metrics", path, held, written)


@pytest.mark.parametrize("suffix", [".block", ".json", ".wal"])
def test_files_cut_short_are_found(
    whole: tuple[Path, Held, Held], tmp_path: Path, suffix: str
) -> None:
    home, held, written = whole
    for length in (0, 1, 7, 100):
        copy = tmp_path / str(length)
        shutil.copytree(home, copy)
        path = next(one for one in files(copy) if one.suffix == suffix)
        path.write_bytes(path.read_bytes()[:length])
        check(copy, path, held, written)


def test_the_log_cut_at_any_byte_keeps_all_rows_before(tmp_path: Path) -> None:
    home = tmp_path / "metrics"
    engine = opened(home)
    labels = [labels_of({"__name__": "m", "n": str(n)}) for n in range(3)]
    layout = engine.layout("g", labels)
    ends = []
    for step in range(5):
        engine.append_row(layout, START + step, np.array([step, step * 1.5, -step]))
        ends.append((home / "wal/00000001.wal").stat().st_size)
    engine.close()
    content = (home / "wal/00000001.wal").read_bytes()
    for length in range(ends[1], len(content)):
        for path in (home / "wal").iterdir():
            path.unlink()
        (home / "wal/00000001.wal").write_bytes(content[:length])
        engine = opened(home)
        (frame,) = engine.select(EVERYTHING, *ALWAYS)
        assert len(frame.times) == sum(end <= length for end in ends)
        torn = length not in ends
        assert [problem.offset in ends for problem in engine.stats().problems] == [True] * torn
        engine.close()
