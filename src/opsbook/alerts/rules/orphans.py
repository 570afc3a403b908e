"""Alerts that an earlier life raised, until they are raised again or have ended.

Without this they would end by themselves while whoever raises them is only being started, and
those of a rule that was removed meanwhile would end without a word of why.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

from opsbook.alerts.model import Alert
from opsbook.core.labels import labels_of

logger = logging.getLogger(__name__)

Fate = Literal["raised", "ended", "unraised", "unknown"]
"""Somebody raises it again; it has ended; nobody can raise it any more; nobody can say yet."""

_ENDED = {
    "ended": "it had ended when opsbook was started again",
    "unraised": "nothing raises it any more: its rule, KPI or check was removed",
}
_PROLONGED = 240.0
_SOON = 120.0


class Orphans:
    """Times in seconds since 1970."""

    def __init__(self, alerts: Iterable[Alert]) -> None:
        self._alerts = {alert.fingerprint: alert for alert in alerts}

    def __len__(self) -> int:
        return len(self._alerts)

    def tend(self, now: float, fate_of: Callable[[Alert], Fate]) -> list[Alert]:
        """What is to be told now: ends, and that those still last of which nobody knows yet."""
        told = []
        for number, alert in list(self._alerts.items()):
            fate = fate_of(alert)
            if fate == "unknown":
                if alert.ends_at - now < _SOON:
                    prolonged = replace(alert, ends_at=now + _PROLONGED, updated_at=now)
                    self._alerts[number] = prolonged
                    told.append(prolonged)
                continue
            del self._alerts[number]
            if fate != "raised":
                told.append(_ended(alert, now, _ENDED[fate]))
                logger.info("alert %s %s: %s", alert.name, dict(alert.labels), _ENDED[fate])
        return told


def _ended(alert: Alert, now: float, why: str) -> Alert:
    annotations = labels_of({**dict(alert.annotations), "ended": why})
    return replace(alert, annotations=annotations, ends_at=now, updated_at=now)
