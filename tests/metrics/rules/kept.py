"""A store for rules to read and to write, and what lies in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opsbook.core.clock import SystemClock
from opsbook.core.labels import NAME, format_labels, labels_of
from opsbook.metrics.model import Matcher, is_absent, is_stale
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.result import Result
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.recording import RecordingRule
from opsbook.metrics.rules.spec import GroupSpec
from opsbook.metrics.stores.embedded import Embedded


class Kept:
    """An embedded store whose samples stand some seconds after a moment not long ago."""

    def __init__(self, directory: Path) -> None:
        self.clock = SystemClock()
        self.store = Embedded()
        self.store.bind(directory, self.clock)
        self.store.start()
        self.start = int(self.clock.now() - 200) * 1000

    def put(self, second: float, **values: Mapping[str, float] | float) -> None:
        """`up={"a": 1}` is the sample `up{job="a"} 1`."""
        samples = {}
        for name, found in values.items():
            jobs = found if isinstance(found, Mapping) else {"": found}
            for job, value in jobs.items():
                samples[labels_of({NAME: name, "job": job})] = value
        self.store.append("put", self.start + round(second * 1000), samples)

    def ask(self, expression: str, at: int) -> Result:
        return Engine(self.store).instant(expression, at)

    def evaluate(self, group: Group, second: float) -> None:
        group.evaluate(self.start + round(second * 1000), self.ask, self.store)

    def found(self, name: str) -> dict[str, list[tuple[float, float | str]]]:
        """Samples as (second, value); a staleness marker as `stale`."""
        matchers = (Matcher(NAME, "=", name),)
        found: dict[str, list[tuple[float, float | str]]] = {}
        for frame in self.store.select(matchers, 0, int(self.clock.now() * 1000) + 600_000):
            seconds = ((frame.times - self.start) / 1000).tolist()
            for column, labels in enumerate(frame.labels):
                values = frame.values[:, column].copy()
                marks = zip(seconds, values, is_stale(values), is_absent(values), strict=True)
                found[format_labels(labels)] = [
                    (second, "stale" if stale else float(value))
                    for second, value, stale, absent in marks
                    if not absent
                ]
        return found


def group(
    rules: list[dict[str, Any]],
    name: str = "g",
    file: str = "f",
    interval: float = 1.0,
    **more: Any,
) -> Group:
    """Recording rules in a group."""
    spec = GroupSpec.model_validate({"name": name, "rules": rules, **more})
    return Group(file, spec, interval, [RecordingRule(spec, rule) for rule in spec.rules])
