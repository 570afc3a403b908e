"""A group of rules: when it is due, and one evaluation of it."""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence

from opsbook.core.labels import Labels
from opsbook.metrics.rules.evaluation import Evaluation, Keeps
from opsbook.metrics.rules.rule import Ask, Rule
from opsbook.metrics.rules.spec import GroupSpec
from opsbook.metrics.rules.status import GroupStatus


class Group:
    """Evaluates its rules in their order: a later one sees what an earlier one gave.

    Times are ms since 1970.
    """

    def __init__(self, file: str, spec: GroupSpec, interval: float, rules: Sequence[Rule]) -> None:
        """`interval` in seconds: the group's own, or the default."""
        self.file = file
        self.spec = spec
        self.interval = interval
        self.evaluations = [Evaluation(rule) for rule in rules]
        self.missed = 0
        self._evaluated = 0
        self._last: float | None = None
        self._duration: float | None = None
        self._step = max(round(interval * 1000), 1)

    @property
    def key(self) -> tuple[str, str]:
        """Groups of different files may have the same name."""
        return self.file, self.spec.name

    @property
    def series(self) -> frozenset[Labels]:
        """What its rules gave the last time."""
        return frozenset().union(*(one.series for one in self.evaluations))

    def next_after(self, now: int) -> int:
        """The next time on its grid. Its grid is shifted by its name, so that groups do not all
        come at once, and is the same after a restart."""
        digest = hashlib.blake2b(";".join(self.key).encode(), digest_size=8).digest()
        shift = int.from_bytes(digest, "big") % self._step
        return now - (now - shift) % self._step + self._step

    def follow(self, at: int, now: int) -> int:
        """The time of the evaluation after that of `at`, which ended `now`; counts the missed.

        As in Prometheus, one that is late by less than an interval is made good at once.
        """
        behind = (now - at) // self._step
        if behind < -1:
            return self.next_after(now)  # the clock was set back
        self.missed += max(behind - 1, 0)
        return at + max(behind, 1) * self._step

    def evaluate(
        self, at: int, ask: Ask, keeps: Keeps, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        """All rules once. Blocks; one call at a time. Samples stand at `at` less the offset."""
        self._last, started = time.time(), time.perf_counter()
        for one in self.evaluations:
            if stopped():
                return
            one.evaluate(self.store_group, at - round(self.spec.query_offset * 1000), ask, keeps)
        self._duration = time.perf_counter() - started
        self._evaluated += 1

    def adopt(self, before: Iterable[Evaluation]) -> list[Evaluation]:
        """Let each rule go on where the same one was; the evaluations that found no successor."""
        left = list(before)
        for one in self.evaluations:
            same = next((each for each in left if each.rule.identity == one.rule.identity), None)
            if same is not None:
                one.adopt(same)
                left.remove(same)
        return left

    def same_as(self, other: "Group") -> bool:
        return (self.spec, self.interval) == (other.spec, other.interval)

    @property
    def store_group(self) -> str:
        """The samples of one evaluation share their time, so they lie together."""
        return f"rules/{self.file};{self.spec.name}"

    @property
    def status(self) -> GroupStatus:
        return GroupStatus(
            name=self.spec.name,
            file=self.file,
            interval=self.interval,
            limit=self.spec.limit,
            rules=tuple(one.status for one in self.evaluations),
            last_evaluation=self._last,
            duration=self._duration,
            evaluated=self._evaluated,
            missed=self.missed,
        )
