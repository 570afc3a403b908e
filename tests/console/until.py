"""Waiting for what the platform does in its own time."""

import time
from collections.abc import Callable


def until(true: Callable[[], object], within: float = 20.0) -> None:
    """Fails where it does not become true within some seconds."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"not true within {within:g} s"
        time.sleep(0.05)
