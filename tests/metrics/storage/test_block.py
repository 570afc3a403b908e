"""A block gives back what was written into it, or says that it cannot."""

from pathlib import Path

import numpy as np
import pytest

from opsbook.core.labels import labels_of
from opsbook.metrics.model import ABSENT, STALE
from opsbook.metrics.storage.block import Block, Source, write_block
from opsbook.metrics.storage.chunk import DamagedError

LABELS = [labels_of({"__name__": "m", "n": str(number)}) for number in range(3)]
TIMES = np.arange(4) * 1000
VALUES = np.array([[1, 0.5, ABSENT], [2, STALE, 3], [3, np.nan, 4], [4, -0.0, 5.0]])


def written(path: Path) -> Block:
    assert write_block(path, [Source("g", TIMES, 3500, [(LABELS, VALUES)])], ["old"])
    return Block(path)


def test_its_index_says_what_is_in_it(tmp_path: Path) -> None:
    block = written(tmp_path / "1.block")
    (section,) = block.sections
    assert (section.group, section.floor, section.samples) == ("g", 3500, 11)
    assert (block.first, block.last, block.replaces) == (0, 3000, ["old"])
    assert sorted(one for chunk in section.chunks for one in chunk.labels) == LABELS
    assert block.times(section).tolist() == TIMES.tolist()


def test_it_is_private_and_nothing_else_is_left(tmp_path: Path) -> None:
    written(tmp_path / "1.block")
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_without_samples_there_is_no_block(tmp_path: Path) -> None:
    assert not write_block(tmp_path / "1.block", [Source("g", TIMES, 0, [])])
    assert list(tmp_path.iterdir()) == []


def test_a_block_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "1.block").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        write_block(tmp_path / "1.block", [Source("g", TIMES, 0, [(LABELS, VALUES)])])
    assert [path.name for path in tmp_path.iterdir()] == ["1.block"]


@pytest.mark.parametrize("content", [b"", b"x" * 10, b"x" * 1000])
def test_what_is_no_block_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "1.block").write_bytes(content)
    with pytest.raises(DamagedError):
        Block(tmp_path / "1.block")
