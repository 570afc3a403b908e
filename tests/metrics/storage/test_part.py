"""Values of some series of a block, in the order that was asked for."""

from pathlib import Path

import numpy as np
import pytest

from opsbook.metrics.model import ABSENT
from opsbook.metrics.storage import block as storage_block
from opsbook.metrics.storage.part import BrokenBlockError, Hole, Part
from tests.metrics.storage.test_block import VALUES, written


@pytest.fixture
def part(tmp_path: Path) -> Part:
    """Series 10, 11, 12 are the columns of VALUES."""
    block = written(tmp_path / "1.block")
    (section,) = block.sections
    ids = [10 + int(dict(one)["n"]) for chunk in section.chunks for one in chunk.labels]
    return Part(block, section, np.array(ids))


@pytest.mark.parametrize("wanted", [[10, 11, 12], [12, 10], [11]])
def test_columns_come_in_the_order_asked_for(part: Part, wanted: list[int]) -> None:
    out = np.empty((4, len(wanted)))
    part.read(np.array(wanted), out)
    expected = np.ascontiguousarray(VALUES[:, [one - 10 for one in wanted]])
    assert (out.view(np.uint64) == expected.view(np.uint64)).all()


def test_rows_with_a_marker_are_told(part: Part) -> None:
    out = np.empty((4, 1))
    assert part.read(np.array([10]), out).tolist() == [False] * 4
    assert part.read(np.array([11]), out).tolist() == [False, True, False, False]
    assert part.read(np.array([12]), out).tolist() == [True, False, False, False]


def test_a_series_that_is_not_there_is_absent(part: Part) -> None:
    out = np.zeros((4, 2))
    assert part.read(np.array([99, 10]), out).all()
    assert (out[:, 0].copy().view(np.uint64) == np.array(ABSENT).view(np.uint64)).all()
    assert out[:, 1].tolist() == [1, 2, 3, 4]


def test_deleted_samples_are_absent(part: Part) -> None:
    part.holes = (Hole(np.array([10]), 1000, 2000),)
    out = np.empty((4, 1))
    assert part.read(np.array([10]), out).tolist() == [False, True, True, False]
    assert out[[0, 3], 0].tolist() == [1, 4]


def test_some_spans_of_rows_are_read_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_block, "_SPAN_ROWS", 2)
    block = written(tmp_path / "2.block")
    (section,) = block.sections
    ids = [10 + int(dict(one)["n"]) for chunk in section.chunks for one in chunk.labels]
    part = Part(block, section, np.array(ids))
    assert section.spans == [2, 2]
    assert part.spans(0, 3000) == range(2)
    assert part.spans(1001, 1999) == range(0)
    assert part.spans(1001, 2000) == range(1, 2)
    out = np.empty((2, 3))
    marked = part.read(np.array([10, 11, 12]), out, part.spans(2000, 9000))
    assert marked.tolist() == [False, False]
    assert (out.view(np.uint64) == VALUES[2:].view(np.uint64)).all()


def test_damage_names_the_block(part: Part) -> None:
    path = part.block.path
    content = bytearray(path.read_bytes())
    content[:200] = bytes(200)
    path.write_bytes(content)
    with pytest.raises(BrokenBlockError) as caught:
        part.read(part.ids, np.empty((4, 3)))
    assert caught.value.block is part.block
