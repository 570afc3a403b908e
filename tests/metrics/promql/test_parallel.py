"""Tasks of one query run side by side and answer in their order."""

import threading
import time

import numpy as np
import pytest

from opsbook.metrics.promql.parallel import each

MANY = 10_000_000


def test_results_come_in_the_order_of_the_tasks() -> None:
    tasks = [lambda number=number: number * number for number in range(50)]
    assert each(tasks, MANY) == [number * number for number in range(50)]
    assert each(tasks[:1], MANY) == [0]
    assert each([], MANY) == []


def test_little_work_stays_in_its_thread() -> None:
    tasks = [threading.get_ident] * 8
    assert set(each(tasks, samples=10)) == {threading.get_ident()}


def test_the_first_error_is_raised_and_nothing_runs_any_more() -> None:
    begun = []

    def fail() -> None:
        begun.append(1)
        time.sleep(0.01)
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        each([fail] * 100, MANY)
    count = len(begun)
    time.sleep(0.05)
    assert len(begun) == count < 100


def test_an_index_error_of_a_task_is_no_end_of_the_list() -> None:
    def fail() -> None:
        raise IndexError

    with pytest.raises(IndexError):
        each([fail] * 4, MANY)


def test_helpers_treat_infinities_as_the_caller_does() -> None:
    with np.errstate(all="ignore"):
        found = each([lambda: np.array([1.0]) / np.array([0.0])] * 20, MANY)
    assert len(found) == 20


def test_callers_do_not_wait_for_each_other_for_ever() -> None:
    def nested() -> int:
        return sum(each([lambda: 1] * 10, MANY))

    assert each([nested] * 20, MANY) == [10] * 20
