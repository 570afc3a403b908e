"""Parts of one query on several cores: decoding and numpy's work leave Python's lock alone."""

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

_WORTHWHILE = 300_000
"""Samples. For fewer of them, handing work over takes longer than the work."""
_HELPERS = min(len(os.sched_getaffinity(0)), 4) - 1
_pool = ThreadPoolExecutor(max(_HELPERS, 1), thread_name_prefix="query")


def each(tasks: Sequence[Callable[[], T]], samples: int) -> list[T]:
    """What the tasks return, in their order. The first error ends it and is raised.

    The caller works too, so that it never waits for helpers that are busy with other queries.
    """
    if len(tasks) < 2 or samples < _WORTHWHILE or not _HELPERS:
        return [task() for task in tasks]
    waiting = deque(enumerate(tasks))
    results: dict[int, T] = {}

    def work() -> None:
        while True:
            try:
                place, task = waiting.popleft()
            except IndexError:
                return
            try:
                results[place] = task()
            except BaseException:
                waiting.clear()
                raise

    helpers = [_pool.submit(copy_context().run, work) for _ in range(min(_HELPERS, len(tasks) - 1))]
    try:
        work()
    finally:
        begun = [helper for helper in helpers if not helper.cancel()]
        errors = [helper.exception() for helper in begun]
    for error in errors:
        if error is not None:
            raise error
    return [results[place] for place in range(len(tasks))]
