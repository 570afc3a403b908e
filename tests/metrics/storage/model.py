"""What a store should hold, kept in plain dictionaries, and comparison with what it gives."""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.model import ABSENT, Frame, Matcher, Values, is_absent, is_stale

EVERYTHING = (Matcher("__name__", "=~", ".*"),)
ALWAYS = (-(2**53), 2**53)


def bits(value: float) -> int:
    return int(np.array([value]).view(np.uint64)[0])


def samples(frames: Sequence[Frame]) -> dict[Labels, dict[int, int]]:
    """Series -> time -> the value's bits. Checks what every frame must keep."""
    found: dict[Labels, dict[int, int]] = {}
    for frame in frames:
        assert frame.values.shape == (len(frame.times), len(frame.labels))
        assert frame.values.flags.c_contiguous
        assert (np.diff(frame.times) > 0).all()
        absent, stale = is_absent(frame.values), is_stale(frame.values)
        assert frame.whole is not bool((absent | stale).any())
        for column, labels in enumerate(frame.labels):
            assert labels not in found, "a series stands in exactly one frame"
            there = ~absent[:, column]
            assert there.any(), "a series without a sample stands in no frame"
            values = frame.values[there, column].copy().view(np.uint64)
            found[labels] = dict(zip(frame.times[there].tolist(), values.tolist(), strict=True))
    return found


def matches(labels: Labels, matchers: Sequence[Matcher]) -> bool:
    return all(_takes(matcher, dict(labels).get(matcher.name, "")) for matcher in matchers)


def _takes(matcher: Matcher, value: str) -> bool:
    if matcher.op in ("=", "!="):
        return (value == matcher.value) is (matcher.op == "=")
    return bool(re.fullmatch(matcher.value, value)) is (matcher.op == "=~")


class Model:
    """Takes what a store said that it took."""

    def __init__(self) -> None:
        self.held: dict[Labels, dict[int, int]] = defaultdict(dict)

    def put(self, at: int, labels: Sequence[Labels], values: Values) -> tuple[int, int, int]:
        """How many samples should be taken, be repeated, and contradict one that is there."""
        counts = [0, 0, 0]
        for one, value in zip(labels, values.tolist(), strict=True):
            if bits(value) == bits(float(ABSENT)):
                continue
            old = self.held[one].setdefault(at, -1)
            if old == -1:
                self.held[one][at] = bits(value)
            counts[0 if old == -1 else 1 if old == bits(value) else 2] += 1
        return counts[0], counts[1], counts[2]

    def delete(self, matchers: Sequence[Matcher], start: int, end: int) -> None:
        for labels, held in self.held.items():
            if matches(labels, matchers):
                for at in [at for at in held if start <= at <= end]:
                    del held[at]

    def select(
        self, matchers: Sequence[Matcher], start: int, end: int
    ) -> dict[Labels, dict[int, int]]:
        found = {
            labels: {at: value for at, value in held.items() if start <= at <= end}
            for labels, held in self.held.items()
            if matches(labels, matchers)
        }
        return {labels: held for labels, held in found.items() if held}
