"""Series stand with those that they come with."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from opsbook.core.labels import Labels
from opsbook.metrics.remote.placement import WIDTH, Placement
from opsbook.metrics.store import Store
from tests.metrics.remote.messages import NOW, series
from tests.metrics.remote.stores import embedded

TARGET = {"job": "node", "instance": "10.0.0.1:9100"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = embedded(tmp_path)
    yield opened
    opened.close()


def placed(store: Store, labels: list[Labels], times: list[int]) -> Placement:
    """Series that come one sample each, at these times."""
    placement = Placement(store)
    placement.add(labels)
    assert placement.place(range(len(labels)), [np.array([at]) for at in times]) is None
    return placement


def groups(placement: Placement) -> list[str]:
    """Of each series, the group in which it stands."""
    return [placement.strands[slot // WIDTH].group.name for slot in placement.slots.tolist()]


def test_a_target_is_a_group(store: Store) -> None:
    here, there = series("a", **TARGET), series("a", **TARGET | {"instance": "10.0.0.2:9100"})
    placement = placed(store, [here, series("b", **TARGET), there], [NOW] * 3)
    first, second, third = groups(placement)
    assert first == second == "remote/node/10.0.0.1:9100"
    assert third == "remote/node/10.0.0.2:9100"


def test_results_of_a_rule_are_a_group(store: Store) -> None:
    placement = placed(store, [series("r", job="a"), series("r", job="b")], [NOW, NOW])
    assert groups(placement) == ["remote/r", "remote/r"]


def test_what_comes_at_once_is_one_strand(store: Store) -> None:
    labels = [series(f"m{number}", **TARGET) for number in range(4)]
    placement = placed(store, labels, [NOW, NOW, NOW + 1, NOW + 1])
    assert (placement.slots // WIDTH).tolist() == [0, 0, 1, 1]


def test_a_strand_has_a_width(store: Store) -> None:
    labels = [series(f"m{number}", **TARGET) for number in range(WIDTH + 1)]
    placement = placed(store, labels, [NOW] * len(labels))
    assert (placement.slots // WIDTH).tolist() == [0] * WIDTH + [1]


def test_a_strand_that_left_gets_the_same_group_in_every_life(store: Store) -> None:
    labels = [series("a", **TARGET), series("b", **TARGET)]
    names = []
    for order in (labels, labels[::-1]):
        placement = placed(store, order, [NOW, NOW])
        placement.leave(placement.strands[0])
        assert placement.homeless(np.array([0, 1])).all()
        assert placement.place([0, 1], [np.array([NOW])] * 2) is None
        assert len(set(groups(placement))) == 1
        names += groups(placement)
    assert len(set(names)) == 1
    assert names[0].startswith("remote/node/10.0.0.1:9100/")


def test_a_group_that_is_dissolved_may_keep_its_series(store: Store) -> None:
    placement = placed(store, [series("a", **TARGET), series("b", **TARGET)], [NOW, NOW + 1])
    before = groups(placement)
    placement.dissolve(placement.strands[0].group, leave=False)
    assert placement.place([0, 1], [np.array([NOW])] * 2) is None
    assert groups(placement) == before
    assert len(set((placement.slots // WIDTH).tolist())) == 1


def test_a_group_with_rows_of_few_series_is_sparse(store: Store) -> None:
    labels = [series(f"m{number}", **TARGET) for number in range(500)]
    group = placed(store, labels, [NOW] * 500).strands[0].group
    for step in range(1_000):
        group.count(NOW + step, 500, 1)
    assert group.sparse


def test_rows_in_pieces_are_loose_and_not_sparse(store: Store) -> None:
    labels = [series(f"m{number}", **TARGET) for number in range(500)]
    group = placed(store, labels, [NOW] * 500).strands[0].group
    for step in range(1_000):
        group.count(NOW + step // 100, 500, 5)
    assert group.loose
    assert not group.sparse
