"""Inhibition: while one alert fires, another need not be told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from opsbook.alerts.model import Alert
from opsbook.core.labels import Labels
from opsbook.metrics.matching import matching
from opsbook.metrics.model import Matcher

Equal = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InhibitionRule:
    """A firing source inhibits targets that have the same values of the labels in `equal`."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()
    name: str = ""


@dataclass(slots=True)
class _Sources:
    """The sources of one rule that fire, by their values of its equal labels."""

    rule: InhibitionRule
    is_source: Callable[[Labels], bool]
    is_target: Callable[[Labels], bool]
    firing: dict[Equal, dict[str, Alert]] = field(default_factory=dict)

    def equal(self, labels: Labels) -> Equal:
        """A label that is missing is the same as an empty one."""
        values = dict(labels)
        return tuple(values.get(name, "") for name in self.rule.equal)


class Inhibitor:
    """Knows the alerts that may inhibit others."""

    def __init__(self, rules: Iterable[InhibitionRule]) -> None:
        self._rules = [
            _Sources(rule, matching(rule.source), matching(rule.target)) for rule in rules
        ]

    def put(self, alert: Alert) -> None:
        """To be told of every alert that comes or changes."""
        for rule in self._rules:
            if rule.is_source(alert.labels):
                rule.firing.setdefault(rule.equal(alert.labels), {})[alert.fingerprint] = alert

    def forget(self, alert: Alert) -> None:
        for rule in self._rules:
            if not rule.is_source(alert.labels):
                continue
            equal = rule.equal(alert.labels)
            same = rule.firing.get(equal, {})
            same.pop(alert.fingerprint, None)
            if not same:
                rule.firing.pop(equal, None)

    def inhibited_by(self, labels: Labels, now: float) -> list[str]:
        """Fingerprints of what inhibits these labels now, one for each rule that does."""
        return [found for rule in self._rules if (found := _inhibiting(rule, labels, now))]


def _inhibiting(rule: _Sources, labels: Labels, now: float) -> str | None:
    same = rule.firing.get(rule.equal(labels)) if rule.firing else None
    if not same or not rule.is_target(labels):
        return None
    # What is on both sides would inhibit itself, and two such alerts each other.
    both_sides = rule.is_source(labels)
    for number, alert in same.items():
        if not alert.resolved(now) and not (both_sides and rule.is_target(alert.labels)):
            return number
    return None
