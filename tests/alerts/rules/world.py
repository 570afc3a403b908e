"""Samples, a clock that is only a number, and rules that live several lives over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsbook.alerts.rules.active import ActiveAlert
from opsbook.alerts.rules.alerting import AlertingRule, Recovering, Setting
from opsbook.alerts.rules.unit.samples import Given, VirtualSamples
from opsbook.core.labels import NAME, labels_of
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.errors import failed
from opsbook.metrics.promql.result import Result
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.spec import GroupSpec

START = 1_700_000_000_000


@dataclass(frozen=True)
class Told:
    """What was sent of one alert, in seconds since the start."""

    state: str
    labels: dict[str, str]
    fired: float
    ends: float


class World:
    def __init__(self) -> None:
        self.samples = VirtualSamples(Given({}, 0, 1))
        self.engine = Engine(self.samples)
        self.sent: list[tuple[float, ActiveAlert]] = []
        self.broken = False
        self.second = 0.0

    def put(self, second: float, name: str, value: float, **labels: str) -> None:
        at = START + round(second * 1000)
        self.samples.append("put", at, {labels_of({NAME: name, **labels}): value})

    def rule(
        self,
        *,
        hold: str = "0s",
        interval: float = 15.0,
        group: dict[str, Any] | None = None,
        setting: Setting | None = None,
        **spec: Any,
    ) -> Group:
        """A group of one rule, as after a start."""
        whole = GroupSpec.model_validate({"name": "g", **(group or {})})
        read = Recovering.model_validate({"alert": "A", "for": hold, **spec})
        rule = AlertingRule(whole, read, interval, setting or Setting(self._tell))
        return Group("f", whole, interval, [rule])

    def evaluate(self, group: Group, second: float) -> list[Told]:
        """What is told of at that time."""
        self.second = second
        self.samples.now = START + round(second * 1000)
        before = len(self.sent)
        group.evaluate(self.samples.now, self.ask, self.samples)
        return [told(alert) for _, alert in self.sent[before:]]

    def run(self, group: Group, *seconds: float) -> list[tuple[float, Told]]:
        return [(second, each) for second in seconds for each in self.evaluate(group, second)]

    def ask(self, expression: str, at: int) -> Result:
        if self.broken:
            raise failed("the store is away")
        return self.engine.instant(expression, at)

    def _tell(self, expression: str, alerts: Sequence[ActiveAlert]) -> None:
        self.sent += [(self.second, alert) for alert in alerts]


def told(alert: ActiveAlert) -> Told:
    ends = alert.valid_until if alert.resolved_at is None else alert.resolved_at
    assert alert.fired_at is not None
    return Told(
        alert.state, dict(alert.labels), (alert.fired_at - START) / 1000, (ends - START) / 1000
    )


def states(group: Group) -> list[str]:
    return [alert.state for alert in rule_of(group).alerts]


def rule_of(group: Group) -> AlertingRule:
    rule = group.evaluations[0].rule
    assert isinstance(rule, AlertingRule)
    return rule
