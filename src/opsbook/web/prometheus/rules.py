"""Rules and alerts as Prometheus' API shows them, from whatever evaluates them."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import dropwhile
from typing import Any

from opsbook.metrics.rules.status import GroupStatus, RuleStatus
from opsbook.web.prometheus.errors import invalid
from opsbook.web.prometheus.matching import matches
from opsbook.web.prometheus.numbers import with_exponent
from opsbook.web.prometheus.parameters import Parameters
from opsbook.web.prometheus.protocols import Alert, AlertingRule, DeclaredRule
from opsbook.web.prometheus.times import moment_text

_TYPES = ("", "alert", "record")
_TRUTHS = {"": False, "false": False, "true": True}


def active_alerts(groups: Sequence[GroupStatus]) -> dict[str, Any]:
    """The answer of `/alerts`."""
    rules = (one.rule for group in groups for one in group.rules)
    alerting = (rule for rule in rules if isinstance(rule, AlertingRule))
    return {"alerts": [_alert(alert) for rule in alerting for alert in rule.alerts]}


def rule_groups(groups: Sequence[GroupStatus], given: Parameters) -> dict[str, Any]:
    """The answer of `/rules`, a page of it where `group_limit` is given."""
    wanted = _Wanted(given)
    most = given.count("group_limit")
    found: list[dict[str, Any]] = []
    for group in _from_token(groups, given.text("group_next_token"), most):
        rules = wanted.rules(group)
        if not rules:
            continue
        if 0 < most <= len(found):
            return {"groups": found, "groupNextToken": _token(group)}
        found.append(_group(group, rules))
    return {"groups": found}


class _Wanted:
    """Which rules a request asks for."""

    def __init__(self, given: Parameters) -> None:
        type_, bare = given.text("type").lower(), given.text("exclude_alerts").lower()
        if type_ not in _TYPES:
            raise invalid("type", f'not supported value "{type_}"')
        if bare not in _TRUTHS:
            raise invalid("exclude_alerts", f'not supported value "{bare}"')
        self._type = type_
        self._with_alerts = not _TRUTHS[bare]
        self._names = set(given.texts("rule_name[]"))
        self._groups = set(given.texts("rule_group[]"))
        self._files = set(given.texts("file[]"))
        self._selectors = given.selectors()

    def rules(self, group: GroupStatus) -> list[dict[str, Any]]:
        if self._groups and group.name not in self._groups:
            return []
        if self._files and group.file not in self._files:
            return []
        # What evaluates without standing in a file has no expression to be shown.
        declared = ((one, one.rule) for one in group.rules if isinstance(one.rule, DeclaredRule))
        return [self._shown(one, rule) for one, rule in declared if self._wants(rule)]

    def _wants(self, rule: DeclaredRule) -> bool:
        if self._names and rule.spec.name not in self._names:
            return False
        if self._type not in ("", "alert" if isinstance(rule, AlertingRule) else "record"):
            return False
        labels = rule.spec.labels
        return not self._selectors or any(matches(labels, each) for each in self._selectors)

    def _shown(self, one: RuleStatus, rule: DeclaredRule) -> dict[str, Any]:
        if isinstance(rule, AlertingRule):
            alerts = rule.alerts if self._with_alerts else ()
            return _alerting(rule, alerts) | _evaluated(one, rule.spec.name)
        labels = {"labels": rule.spec.labels} if rule.spec.labels else {}
        recording = {"query": rule.spec.expr, "type": "recording", **labels}
        return recording | _evaluated(one, rule.spec.name)


def _from_token(groups: Sequence[GroupStatus], token: str, most: int) -> Iterator[GroupStatus]:
    if not token:
        return iter(groups)
    if most <= 0:
        reason = "group_limit needs to be present in order to paginate over the groups"
        raise invalid("group_limit", reason)
    left = list(dropwhile(lambda group: _token(group) != token, groups))
    if not left:
        reason = f"invalid group_next_token '{token}'. were rule groups changed?"
        raise invalid("group_next_token", reason)
    return iter(left)


def _token(group: GroupStatus) -> str:
    return hashlib.sha256(f"{group.file};{group.name}".encode()).hexdigest()[:40]


def _group(group: GroupStatus, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": group.name,
        "file": group.file,
        "rules": rules,
        "interval": group.interval,
        "limit": group.limit,
        "evaluationTime": group.duration or 0,
        "lastEvaluation": moment_text(group.last_evaluation),
    }


def _evaluated(one: RuleStatus, name: str) -> dict[str, Any]:
    error = {"lastError": one.error} if one.error else {}
    return {
        "name": name,
        "health": one.health,
        **error,
        "evaluationTime": one.duration or 0,
        "lastEvaluation": moment_text(one.last_evaluation),
    }


def _alerting(rule: AlertingRule, alerts: Sequence[Alert]) -> dict[str, Any]:
    return {
        "state": rule.state,
        "query": rule.spec.expr,
        "duration": rule.spec.for_,
        "keepFiringFor": rule.spec.keep_firing_for,
        "labels": rule.spec.labels,
        "annotations": rule.spec.annotations,
        "alerts": [_alert(alert) for alert in alerts],
        "type": "alerting",
    }


def _alert(alert: Alert) -> dict[str, Any]:
    kept = alert.keep_firing_since
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": alert.state,
        "activeAt": moment_text(alert.active_at),
        **({"keepFiringSince": moment_text(kept)} if kept is not None else {}),
        "value": with_exponent(alert.value),
    }
