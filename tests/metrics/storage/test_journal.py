"""The log tells everything again, and goes once blocks have it."""

from pathlib import Path

import numpy as np

from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.model import Matcher, Values
from opsbook.metrics.storage.journal import Journal
from opsbook.metrics.store import Layout, Problem

LABELS = (labels_of({"__name__": "a", "x": "ü\ud800"}), labels_of({"__name__": "b"}))
LAYOUT = Layout("g", LABELS, 1)


class Heard:
    def __init__(self) -> None:
        self.rows: list[tuple[str, tuple[Labels, ...], int, list[float]]] = []
        self.deletions: list[tuple[tuple[Matcher, ...], int, int]] = []

    def row(
        self, group: str, labels: tuple[Labels, ...], key: int, at: int, values: Values
    ) -> None:
        self.rows.append((group, labels, at, values.tolist()))

    def deletion(self, matchers: tuple[Matcher, ...], start: int, end: int) -> None:
        self.deletions.append((matchers, start, end))

    def segment_ends(self) -> None: ...


def heard(directory: Path) -> Heard:
    listener, problems = Heard(), list[Problem]()
    Journal(directory).replay(listener, problems)
    assert problems == []
    return listener


def put(journal: Journal, at: int, *values: float) -> None:
    journal.row(LAYOUT, [7, 9], at, np.array(values, np.float64))


def test_rows_come_back_from_all_segments(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    put(journal, 1, 100, 0.5)
    put(journal, 2, 101, -1)
    journal.rotate()
    put(journal, 3, 102, 2)
    journal.wal.close()
    assert heard(tmp_path).rows == [
        ("g", LABELS, 1, [100, 0.5]),
        ("g", LABELS, 2, [101, -1]),
        ("g", LABELS, 3, [102, 2]),
    ]


def test_deletions_come_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    said = ((Matcher("a", "=~", "x|"),), -5, 5)
    journal.deletion(*said)
    journal.wal.close()
    assert heard(tmp_path).deletions == [said]


def test_a_layout_that_was_forgotten_is_told_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    put(journal, 1, 100, 1)
    journal.forget(LAYOUT.number)
    put(journal, 2, 101, 2)
    journal.wal.close()
    assert [row[3] for row in heard(tmp_path).rows] == [[100, 1], [101, 2]]


def test_only_the_oldest_segments_that_are_covered_go(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for at in (10, 30, 20):
        put(journal, at, 1, 1)
        journal.rotate()
    journal.drop_covered(lambda group: 20)
    assert [row[2] for row in heard(tmp_path).rows] == [30, 20]
    journal.drop_covered(lambda group: 30)
    assert journal.wal.segments() == []
    journal.wal.close()
