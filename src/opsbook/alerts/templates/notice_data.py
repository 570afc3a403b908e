"""What templates of notices see: Alertmanager's `Data`, `Alert` and `KV`."""

import re
from collections.abc import Iterable

from opsbook.alerts.model import Alert, Notice
from opsbook.alerts.templates.language.values import Named, StringMap, Strings, Struct, method
from opsbook.alerts.templates.times import Time
from opsbook.core.labels import Labels

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
"""What means something in a regular expression."""


class Pair(Struct):
    go_type = "template.Pair"


class Pairs(Named, list[Pair]):
    go_type = "template.Pairs"

    @method("Names")
    def names(self) -> Strings:
        return Strings(str(pair.fields["Name"]) for pair in self)

    @method("Values")
    def texts(self) -> Strings:
        return Strings(str(pair.fields["Value"]) for pair in self)

    @method("String")
    def text(self) -> str:
        return ", ".join(f"{pair.fields['Name']}={pair.fields['Value']}" for pair in self)


class KV(StringMap):
    """Labels or annotations."""

    go_type = "template.KV"

    @method("SortedPairs")
    def pairs(self) -> Pairs:
        """By name, but for the alert's, which comes first."""
        ordered = sorted(self.items(), key=lambda item: (item[0] != "alertname", item))
        return Pairs(Pair(Name=name, Value=value) for name, value in ordered)

    @method("Remove")
    def without(self, names: Strings) -> "KV":
        return KV({name: value for name, value in self.items() if name not in names})

    @method("Names")
    def names(self) -> Strings:
        return self.pairs().names()

    @method("Values")
    def texts(self) -> Strings:
        return self.pairs().texts()

    @method("String")
    def text(self) -> str:
        return self.pairs().text()


class AlertData(Struct):
    go_type = "template.Alert"
    json_lower = True

    @classmethod
    def of(cls, alert: Alert, at: float) -> "AlertData":
        """As it stood at a time; while it lasts, nobody is told when it might end."""
        resolved = alert.resolved(at)
        return cls(
            Status="resolved" if resolved else "firing",
            Labels=KV(alert.labels),
            Annotations=KV(alert.annotations),
            StartsAt=Time.of(alert.starts_at),
            EndsAt=Time.of(alert.ends_at) if resolved else Time.zero(),
            GeneratorURL=alert.generator_url,
            Fingerprint=alert.fingerprint,
        )


class AlertList(Named, list[AlertData]):
    go_type = "[]template.Alert"


class Alerts(AlertList):
    go_type = "template.Alerts"

    @method("Firing")
    def firing(self) -> AlertList:
        return AlertList(alert for alert in self if alert.fields["Status"] == "firing")

    @method("Resolved")
    def resolved(self) -> AlertList:
        return AlertList(alert for alert in self if alert.fields["Status"] == "resolved")


class NoticeData(Struct):
    """A notice. Beside Alertmanager's fields: the group's key, how many alerts were left out,
    and the notice's own variables.
    """

    go_type = "template.Data"
    json_lower = True

    @property
    def alerts(self) -> Alerts:
        alerts = self.fields["Alerts"]
        assert isinstance(alerts, Alerts)
        return alerts

    @classmethod
    def of(cls, notice: Notice) -> "NoticeData":
        return cls(
            Receiver=_SPECIAL.sub(r"\\\g<0>", notice.receiver),
            Status=notice.status,
            Alerts=Alerts(AlertData.of(alert, notice.at) for alert in notice.alerts),
            GroupLabels=KV(notice.group_labels),
            CommonLabels=_common(alert.labels for alert in notice.alerts),
            CommonAnnotations=_common(alert.annotations for alert in notice.alerts),
            ExternalURL=notice.external_url,
            GroupKey=notice.group_key,
            TruncatedAlerts=notice.truncated,
            Variables=KV(notice.variables),
        )


def _common(each: Iterable[Labels]) -> KV:
    """What all of them have alike."""
    first, *others = [set(labels) for labels in each] or [set()]
    return KV(sorted(first.intersection(*others)))
