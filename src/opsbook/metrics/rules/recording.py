"""Recording rules: the result of an expression becomes samples of its own."""

from collections.abc import Hashable

from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.promql.errors import failed
from opsbook.metrics.rules.rule import Ask, Rule, Samples
from opsbook.metrics.rules.spec import GroupSpec, RuleSpec

_SAME_LABELS = "vector contains metrics with the same labelset after applying rule labels"


class RecordingRule(Rule):
    """Prometheus' recording rule."""

    def __init__(self, group: GroupSpec, spec: RuleSpec) -> None:
        self.name = spec.record
        self.spec = group.effective(spec)
        self._limit = group.limit
        self._labels = {**self.spec.labels, NAME: spec.record}

    @property
    def identity(self) -> Hashable:
        return "record", labels_of(self._labels)

    def evaluate(self, at: int, ask: Ask) -> Samples:
        result = ask(self.spec.expr, at)
        if result.type not in ("vector", "scalar"):
            raise failed("rule result is not a vector or scalar")
        found = {self._labelled(one.labels): float(one.values[0]) for one in result.series}
        if len(found) < len(result.series):
            raise failed(
                "vector contains metrics with the same labelset after applying rule labels"
            )
        if 0 < self._limit < len(found):
            raise failed(f"exceeded limit of {self._limit} with {len(found)} series")
        return found

    def _labelled(self, labels: Labels) -> Labels:
        return labels_of({**dict(labels), **self._labels})
