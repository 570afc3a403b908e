"""The metrics of alerting itself."""

from collections.abc import Mapping

from opsbook.web.alerting_health import AlertingHealth
from opsbook.web.family import add_family


def add_alerting(health: AlertingHealth, lines: list[str]) -> None:
    """Append them. Counts that nobody has made yet are left out, for 0 would be wrong."""
    if health.alerts is not None:
        _by_state(lines, "opsbook_alerts", "Alerts that have not ended.", health.alerts)
    _by_state(lines, "opsbook_silences", "Silences, of those that ended the last.", health.silences)
    _notices(health, lines)
    troubled = float(health.trouble is not None)
    for name, kind, text, value in (
        ("opsbook_notices_undelivered", "gauge", "Notices on their way.", health.undelivered),
        (
            "opsbook_notice_oldest_undelivered_seconds",
            "gauge",
            "For how long the oldest of them has waited.",
            health.oldest_seconds,
        ),
        (
            "opsbook_alerts_refused_total",
            "counter",
            "Alerts for which there was no room.",
            health.refused,
        ),
        (
            "opsbook_alerting_trouble",
            "gauge",
            "1 while alerts or notices cannot be written down.",
            troubled,
        ),
    ):
        add_family(lines, name, text, [({}, value)], kind)


def _notices(health: AlertingHealth, lines: list[str]) -> None:
    """Each kind that is declared is shown from the start, so that a first one is an increase."""
    outbox = health.alerting.outbox
    counted = {"sent": outbox.sent, "failed": outbox.failed, "unknown": outbox.unknown}
    kinds = sorted(
        {*outbox.kinds, *outbox.retries, *(k for each in counted.values() for k in each)}
    )
    add_family(
        lines,
        "opsbook_notices_total",
        "Notices that are done with, by what became of them.",
        (
            ({"kind": kind, "result": result}, counts[kind])
            for kind in kinds
            for result, counts in counted.items()
        ),
        "counter",
    )
    add_family(
        lines,
        "opsbook_notice_retries_total",
        "Attempts that failed and are made again.",
        (({"kind": kind}, outbox.retries[kind]) for kind in kinds),
        "counter",
    )


def _by_state(lines: list[str], name: str, text: str, counts: Mapping[str, int]) -> None:
    add_family(lines, name, text, (({"state": state}, count) for state, count in counts.items()))
