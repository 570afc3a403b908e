"""Ids."""

import time

from opsbook.core.ids import new_id


def test_ids_are_unique_and_in_the_order_of_their_making() -> None:
    first = [new_id("run") for _ in range(1000)]
    time.sleep(0.002)
    second = new_id("run")
    assert len(set(first)) == 1000
    assert max(first) < second
    assert second.startswith("run-")
