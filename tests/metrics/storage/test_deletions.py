"""Deletions are remembered for the blocks that were there, and for no others."""

from pathlib import Path

from opsbook.metrics.model import Matcher
from opsbook.metrics.storage.deletions import Deletion, Deletions
from opsbook.metrics.store import Problem


def deletion(*blocks: str) -> Deletion:
    return Deletion((Matcher("a", "=", "b"),), 1, 2, blocks)


def test_they_are_there_in_a_later_life(tmp_path: Path) -> None:
    path, problems = tmp_path / "deletions.json", list[Problem]()
    Deletions(path, problems).add(deletion("1.block", "2.block"))
    again = Deletions(path, problems)
    again.keep_only(["2.block"])
    assert Deletions(path, problems)._all == [deletion("2.block")]
    again.keep_only([])
    assert Deletions(path, problems)._all == []
    assert problems == []
    assert path.stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_set_aside_and_named(tmp_path: Path) -> None:
    path, problems = tmp_path / "deletions.json", list[Problem]()
    path.write_text("[]")
    assert Deletions(path, problems)._all == []
    (problem,) = problems
    assert problem.file == tmp_path / "deletions.json.damaged"
    assert problem.file.exists()
