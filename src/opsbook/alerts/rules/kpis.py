"""KPIs that are in a warning or critical band raise alerts."""

import math
from collections.abc import Mapping

from opsbook.alerts.rules.active import Finding
from opsbook.alerts.rules.alerting import ALERT_NAME, AlertingRule, Setting
from opsbook.alerts.rules.texts import Texts
from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.kpis.bands import KpiState
from opsbook.metrics.kpis.kpi import STATE, Kpi
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.spec import GroupSpec, RuleSpec

_SOONEST, _LATEST = 1.0, 15.0
"""Seconds from one look at how a KPI stands to the next."""


class KpiRule(AlertingRule):
    """Fires while its KPI stands so; says of it what the KPI itself says."""

    def __init__(
        self, group: GroupSpec, kpi: Kpi, state: KpiState, severity: str, setting: Setting
    ) -> None:
        spec = RuleSpec(
            alert=f"Kpi{''.join(word.capitalize() for word in state.words.split())}",
            expr=f'{STATE}{{kpi="{kpi.name}",state="{state}"}} == 1',
            labels={"kpi": kpi.name, "severity": severity},
            annotations={"description": kpi.settings.description},
        )
        super().__init__(group, spec, _LATEST, setting)
        self._kpi, self._of = kpi, state

    def _find(self, at: int, texts: Texts) -> dict[Labels, Finding]:
        standing = self._kpi.standing
        if standing.state is not self._of or self._kpi.evaluated_at is None:
            return {}
        value = standing.judged[0].value if standing.judged else math.nan
        alert = labels_of({**self.spec.labels, ALERT_NAME: self.name})
        bands = self._kpi.bands
        said = {
            **self.spec.annotations,
            "summary": f"{self._kpi.name} is {self._of.words}: {standing.reason}",
            "target": bands.target.text,
            "window": self._kpi.settings.window,
        }
        return {alert: Finding(labels_of(said), value)}


def kpi_group(
    kpis: Mapping[str, Kpi], severities: Mapping[KpiState, str], setting: Setting
) -> Group:
    """All of them: how they stand costs nothing to ask."""
    spec = GroupSpec(name="kpis")
    soonest = min((kpi.settings.every for kpi in kpis.values()), default=_LATEST)
    interval = min(max(soonest, _SOONEST), _LATEST)
    rules = [
        KpiRule(spec, kpi, state, severity, setting)
        for kpi in kpis.values()
        for state, severity in severities.items()
    ]
    return Group("alerts.kpis", spec, interval, rules)
