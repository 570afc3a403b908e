"""What alerting announces, at the pace at which it writes the same into the ledger."""

from dataclasses import dataclass

from opsbook.alerts.model import Alert


@dataclass(frozen=True, slots=True)
class AlertFired:
    """It fires, and did not before."""

    alert: Alert


@dataclass(frozen=True, slots=True)
class AlertResolved:
    """It has ended."""

    alert: Alert
