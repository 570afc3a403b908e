"""Everything that raises alerts, connected to what delivers them."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from opsbook.alerts.fingerprint import fingerprint
from opsbook.alerts.model import Alert
from opsbook.alerts.rules.active import ActiveAlert
from opsbook.alerts.rules.alerting import AlertingRule, Setting
from opsbook.alerts.rules.checks import CheckAlerts, is_of_check
from opsbook.alerts.rules.courier import Courier, Put
from opsbook.alerts.rules.kpis import kpi_group
from opsbook.alerts.rules.origin import Origin
from opsbook.alerts.rules.orphans import Fate, Orphans
from opsbook.alerts.rules.settings import AlertRulesSettings, declared_simple_groups
from opsbook.alerts.rules.texts import Surroundings
from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.kpis.bands import KpiState
from opsbook.metrics.kpis.kpi import Kpi
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.rule import Rule
from opsbook.metrics.rules.settings import DeclaredGroup, make_groups
from opsbook.metrics.rules.spec import RuleSpec
from opsbook.probes.model import State
from opsbook.probes.watch import Watch

_TICK = 5.0

Board = Callable[[], Mapping[str, Alert]]
"""The alerts that delivery knows, by their fingerprints."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where alerts go, and what is known of them there."""

    put: Put
    board: Board


class AlertRules:
    """Makes the rules that alert, and tells of their alerts. Its tasks live within `run`."""

    def __init__(
        self,
        settings: AlertRulesSettings,
        delivery: Delivery,
        watch: Watch,
        bus: Bus,
        clock: Clock,
        external_url: str,
        external_labels: Labels = (),
    ) -> None:
        self.courier = Courier(delivery.put, clock)
        self._settings, self._board, self._clock = settings, delivery.board, clock
        self._origin = Origin(external_url)
        self._external_labels = dict(external_labels)
        self._orphans = Orphans(())
        surroundings = Surroundings(external_labels, external_url)
        self._setting = Setting(self._tell, surroundings, self._annotations_of)
        severities = {State(state): severity for state, severity in settings.checks.items()}
        send = self.courier.send
        self.checks = CheckAlerts(watch, bus, severities, send, clock, self._origin)

    def make(self, declared: DeclaredGroup, spec: RuleSpec) -> Rule:
        """As `make_groups` wants it."""
        return AlertingRule(declared.spec, spec, declared.interval, self._setting)

    def groups(self, declared: Iterable[DeclaredGroup], kpis: Mapping[str, Kpi]) -> list[Group]:
        """Of rule files, of the book's simple rules, and of its KPIs."""
        simple = declared_simple_groups(self._settings.rules)
        groups = make_groups([*declared, *simple], self.make)
        severities = {KpiState(state): each for state, each in self._settings.kpis.items()}
        if kpis and severities:
            groups.append(kpi_group(kpis, severities, self._setting))
        return groups

    def reload(self, settings: AlertRulesSettings) -> None:
        """Make groups by other simple rules from now on."""
        self._settings = settings

    async def run(self, groups: Callable[[], Iterable[Group]]) -> None:
        """Tell until cancelled. `groups` gives those that are evaluated now."""
        self.adopt()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.courier.run(), name="alerts on their way")
            tasks.create_task(self._keep_ticking(groups), name="alerts of rules and checks")

    def adopt(self) -> None:
        """Answer for the alerts of an earlier life that fire still."""
        now = self._clock.now()
        alerts = [alert for alert in self._board().values() if not alert.resolved(now)]
        known = [alert for alert in alerts if self._origin.raised(alert)]
        self.checks.adopt(known)
        self._orphans = Orphans(each for each in known if not is_of_check(each, self._origin))

    def tick(self, groups: Iterable[Group]) -> None:
        """What time does by itself."""
        self.checks.tick()
        if self._orphans:
            evaluated = (one.rule for group in groups for one in group.evaluations)
            rules = [rule for rule in evaluated if isinstance(rule, AlertingRule)]
            self.courier.send(self._orphans.tend(self._clock.now(), self._fates(rules)))

    async def _keep_ticking(self, groups: Callable[[], Iterable[Group]]) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self.tick(groups())

    def _fates(self, rules: Sequence[AlertingRule]) -> Callable[[Alert], Fate]:
        firing = {
            self._labels(alert.labels)
            for rule in rules
            for alert in rule.alerts
            if alert.state == "firing"
        }
        settled: dict[str, bool] = {}
        for rule in rules:
            settled[rule.name] = settled.get(rule.name, True) and rule.settled

        def fate_of(alert: Alert) -> Fate:
            if alert.labels in firing:
                return "raised"
            if alert.name not in settled:
                return "unraised"
            return "ended" if settled[alert.name] else "unknown"

        return fate_of

    def _tell(self, expression: str, alerts: Sequence[ActiveAlert]) -> None:
        url = self._origin.of_expression(expression)
        self.courier.send(self._alert(alert, url) for alert in alerts)

    def _alert(self, active: ActiveAlert, url: str) -> Alert:
        ended = active.resolved_at is not None
        assert active.fired_at is not None
        ends_at = active.resolved_at if active.resolved_at is not None else active.valid_until
        updated_at = ends_at if ended else active.sent_at or 0
        return Alert(
            labels=self._labels(active.labels),
            annotations=labels_of(dict(active.annotations)),
            starts_at=active.fired_at / 1000,
            ends_at=ends_at / 1000,
            updated_at=updated_at / 1000,
            generator_url=url,
        )

    def _labels(self, labels: Labels) -> Labels:
        """With the external labels that it has not itself, as Prometheus sends them."""
        return labels_of({**self._external_labels, **dict(labels)})

    def _annotations_of(self, labels: Labels) -> Labels:
        known = self._board().get(fingerprint(self._labels(labels)))
        return known.annotations if known is not None else ()
