"""What templates of notices see."""

from opsbook.alerts.model import Alert, Notice
from opsbook.alerts.templates.notice_data import KV, NoticeData
from opsbook.alerts.templates.times import Time

_LASTING = Alert((("alertname", "A"), ("job", "x")), (("s", "1"),), 100.5, 2000.0, 0.0, "http://g")
_OVER = Alert((("alertname", "A"), ("job", "y")), (("s", "1"),), 100.5, 900.25, 0.0)


def _data(*alerts: Alert, receiver: str = "ops") -> NoticeData:
    return NoticeData.of(
        Notice(
            receiver, "{}:{x}", (("alertname", "A"),), alerts, 1000.0, "http://o", 3, {"why": "z"}
        )
    )


def test_a_notice_has_alertmanager_s_fields_and_some_of_its_own() -> None:
    fields = _data(_LASTING, _OVER).fields
    assert list(fields) == [
        *("Receiver", "Status", "Alerts", "GroupLabels", "CommonLabels", "CommonAnnotations"),
        *("ExternalURL", "GroupKey", "TruncatedAlerts", "Variables"),
    ]
    assert (fields["Status"], fields["TruncatedAlerts"]) == ("firing", 3)
    assert fields["CommonLabels"] == {"alertname": "A"}
    assert fields["CommonAnnotations"] == {"s": "1"}


def test_an_alert_tells_its_end_only_when_it_is_over() -> None:
    lasting, over = (alert.fields for alert in _data(_LASTING, _OVER).alerts)
    assert (lasting["Status"], lasting["EndsAt"]) == ("firing", Time.zero())
    assert (over["Status"], over["EndsAt"]) == ("resolved", Time(900_250_000_000))
    assert lasting["StartsAt"] == Time(100_500_000_000)
    assert lasting["Fingerprint"] == _LASTING.fingerprint


def test_firing_and_resolved_alerts_are_told_apart() -> None:
    alerts = _data(_LASTING, _OVER).alerts
    assert [len(alerts.firing()), len(alerts.resolved())] == [1, 1]


def test_nothing_is_common_to_no_alerts() -> None:
    assert _data().fields["CommonLabels"] == {}


def test_a_receiver_s_name_is_quoted_for_a_regular_expression() -> None:
    assert _data(receiver="a.b/c (1)").fields["Receiver"] == r"a\.b/c \(1\)"


def test_pairs_are_in_the_order_of_their_names_after_the_alert_s() -> None:
    labels = KV({"b": "2", "alertname": "z", "a": "1"})
    assert labels.names() == ["alertname", "a", "b"]
    assert labels.text() == "alertname=z, a=1, b=2"
    assert labels.without(labels.names()) == {}
