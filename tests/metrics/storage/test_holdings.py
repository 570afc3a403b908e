"""Blocks come and go while everything else stays."""

from pathlib import Path

from opsbook.metrics.storage.holdings import Holdings
from tests.metrics.storage.test_block import LABELS, written


def test_a_block_brings_its_series_and_its_floor(tmp_path: Path) -> None:
    holdings = Holdings()
    holdings.add_block(written(tmp_path / "1.block"))
    group = holdings.groups["g"]
    assert sorted(holdings.index.labels.values()) == LABELS
    assert (group.floor, group.newest) == (3500, 3000)


def test_a_damaged_block_is_set_aside_once_and_named(tmp_path: Path) -> None:
    holdings, block = Holdings(), written(tmp_path / "1.block")
    holdings.add_block(block)
    holdings.set_aside(block, "it is broken")
    holdings.set_aside(block, "it is broken")
    assert holdings.groups["g"].parts == ()
    (problem,) = holdings.problems
    assert str(problem.file) == f"{block.path}.damaged"
    assert "it is broken" in problem.text
    assert problem.file.exists()


def test_what_has_no_samples_is_forgotten(tmp_path: Path) -> None:
    holdings, block = Holdings(), written(tmp_path / "1.block")
    holdings.add_block(block)
    holdings.forget_dead()
    assert len(holdings.index) == 3
    holdings.remove_block(block)
    holdings.forget_dead()
    assert len(holdings.index) == 0
    assert holdings.groups == {}
