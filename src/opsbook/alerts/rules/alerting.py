"""Alerting rules: series that an expression finds become alerts.

Specification: Prometheus' alerting rules. Beyond them, a rule may have a recovery, until which its
alerts fire; and where an expression cannot be evaluated, what fires is told on.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from opsbook.alerts.rules.active import ActiveAlert, ActiveAlerts, Finding
from opsbook.alerts.rules.remembered import Remembered, remember
from opsbook.alerts.rules.texts import Surroundings, Texts
from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.promql.errors import QueryError, failed
from opsbook.metrics.promql.result import Result
from opsbook.metrics.rules.rule import Ask, Rule, Samples
from opsbook.metrics.rules.spec import GroupSpec, RuleSpec

ALERT_NAME = "alertname"
_STATE = "alertstate"
_ALERTS = "ALERTS"
_FOR_STATE = "ALERTS_FOR_STATE"
_SETTLED = 60_000
"""Milliseconds after the first evaluation, and evaluations in all, until which what was before a
restart is not forgotten: at first there may be no samples yet."""
_SETTLED_AFTER = 2

Tell = Callable[[str, Sequence[ActiveAlert]], None]
"""Takes an expression and its alerts, from any thread."""


class Recovering(RuleSpec):
    """A rule whose alerts fire until something else holds."""

    recovery: str = ""
    """An expression: alerts that have the labels of one of its series recover."""


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert for people. Times in seconds since 1970."""

    labels: Labels
    annotations: Labels
    state: Literal["pending", "firing"]
    active_at: float
    keep_firing_since: float | None
    value: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What all alerting rules have in common."""

    tell: Tell
    surroundings: Surroundings = field(default_factory=Surroundings)
    annotations_of: Callable[[Labels], Labels] = lambda labels: ()
    """What was last said of an alert, in this life or an earlier one."""
    remembers: bool = True
    """Whether there may have been an earlier life."""


class AlertingRule(Rule):
    """Prometheus' alerting rule."""

    def __init__(self, group: GroupSpec, spec: RuleSpec, interval: float, setting: Setting) -> None:
        """`spec` has the labels of its group; `interval` in seconds."""
        self.name = spec.alert
        self.spec = spec
        self._setting = setting
        self._interval = round(interval * 1000)
        self._offset = round(group.query_offset * 1000)
        keep = round(spec.keep_firing_for * 1000)
        self._active = ActiveAlerts(round(spec.for_ * 1000), keep, group.limit)
        self._remembered: dict[Labels, Remembered] | None = None if setting.remembers else {}
        self._first_at = 0
        self._evaluated = 0
        self._shown: tuple[ShownAlert, ...] = ()
        self.settled = False
        """Whether what it does not find is not there, and not only not yet after a restart."""

    @property
    def identity(self) -> Hashable:
        return "alert", self.name, labels_of(self.spec.labels)

    @property
    def alerts(self) -> Sequence[ShownAlert]:
        """Those that are pending or firing."""
        return self._shown

    @property
    def state(self) -> Literal["inactive", "pending", "firing"]:
        states = {alert.state for alert in self._shown}
        return "firing" if "firing" in states else "pending" if states else "inactive"

    def evaluate(self, at: int, ask: Ask) -> Samples:
        now = at + self._offset
        try:
            self._look(at, now, ask)
        except QueryError as error:
            if error.type == "canceled":
                raise
            self._tell(now)  # nobody can say that what fires has ended
            raise
        self._settle(now)
        self._tell(now)
        return dict(_samples(self._active.active()))

    def _look(self, at: int, now: int, ask: Ask) -> None:
        found = self._find(at, Texts(self._setting.surroundings, now, ask))
        self._recall(found, at, now, ask)
        self._active.update(found, now, self._held(found, at, ask))

    def adopt(self, before: Rule) -> None:
        if isinstance(before, AlertingRule):
            for alert in before._active:
                self._active.put(alert)
            self._remembered, self._first_at = before._remembered, before._first_at
            self._evaluated, self.settled = before._evaluated, before.settled
            self._shown = before._shown

    def retire(self, at: int) -> None:
        ended = self._active.end(at)
        for alert in ended:
            alert.annotations = (*alert.annotations, ("ended", "its rule was removed"))
        self._setting.tell(self.spec.expr, ended)
        self._shown = ()

    def _find(self, at: int, texts: Texts) -> dict[Labels, Finding]:
        """Raises QueryError, also where two series would become the same alert."""
        found: dict[Labels, Finding] = {}
        for labels, value in _series(texts.ask(self.spec.expr, at)):
            own = texts.expanded(self.spec.labels, labels, value)
            alert = labels_of({**dict(labels), NAME: "", **own, ALERT_NAME: self.name})
            if alert in found:
                raise failed(
                    "vector contains metrics with the same labelset after applying alert labels"
                )
            said = texts.expanded(self.spec.annotations, labels, value)
            found[alert] = Finding(tuple(sorted(said.items())), value)
        return found

    def _recall(self, found: Mapping[Labels, Finding], at: int, now: int, ask: Ask) -> None:
        """Go on where the same alerts were before this process was started."""
        if self._remembered is None:
            self._remembered = self._remember(at, ask)
            self._first_at = now
        for labels in [*self._remembered]:
            before = self._remembered[labels]
            if labels in found:
                said, value = found[labels]
            elif before.fired and (self.spec.keep_firing_for or self._recovery):
                said, value = self._setting.annotations_of(labels), math.nan
            else:
                continue
            alert = ActiveAlert(labels, said, value, before.active_at(now))
            if before.fired:
                # It fired then at the latest; delivery knows since when.
                alert.state, alert.fired_at = "firing", before.seen_at
            self._active.put(alert)
            del self._remembered[labels]

    def _remember(self, at: int, ask: Ask) -> dict[Labels, Remembered]:
        plain = {name: text for name, text in self.spec.labels.items() if "{{" not in text}
        series = labels_of({**plain, NAME: _FOR_STATE, ALERT_NAME: self.name})
        return remember(series, round(self.spec.for_ * 1000), at, self._offset, ask)

    def _settle(self, now: int) -> None:
        self._evaluated += 1
        if self._evaluated >= _SETTLED_AFTER and now - self._first_at >= _SETTLED:
            self.settled, self._remembered = True, {}

    @property
    def _recovery(self) -> str:
        return self.spec.recovery if isinstance(self.spec, Recovering) else ""

    def _held(self, found: Mapping[Labels, Finding], at: int, ask: Ask) -> set[Labels]:
        """Alerts that fire, that were not found, and that have not recovered."""
        missed = [
            alert.labels
            for alert in self._active.active()
            if alert.state == "firing" and alert.labels not in found
        ]
        if not missed or not self._recovery:
            return set()
        ours = {NAME, *self.spec.labels}
        recovered = [
            {pair for pair in labels if pair[0] not in ours}
            for labels, _ in _series(ask(self._recovery, at))
        ]
        return {labels for labels in missed if not any(one <= set(labels) for one in recovered)}

    def _tell(self, now: int) -> None:
        self._shown = tuple(map(_shown, self._active.active()))
        due = self._active.due(now, self._interval)
        if due:
            self._setting.tell(self.spec.expr, due)


def _series(result: Result) -> Iterable[tuple[Labels, float]]:
    if result.type not in ("vector", "scalar"):
        raise failed("rule result is not a vector or scalar")
    return ((one.labels, float(one.values[0])) for one in result.series)


def _samples(active: Iterable[ActiveAlert]) -> Iterable[tuple[Labels, float]]:
    for alert in active:
        labels = dict(alert.labels)
        yield labels_of({**labels, NAME: _ALERTS, _STATE: alert.state}), 1.0
        yield labels_of({**labels, NAME: _FOR_STATE}), float(alert.active_at // 1000)


def _shown(alert: ActiveAlert) -> ShownAlert:
    since = alert.keep_firing_since
    return ShownAlert(
        alert.labels,
        alert.annotations,
        "firing" if alert.state == "firing" else "pending",
        alert.active_at / 1000,
        None if since is None else since / 1000,
        alert.value,
    )
