"""What the ledger is to know of the checks."""

from opsbook.core.events import Bus
from opsbook.probes.events import CheckChanged
from opsbook.state.ledger import Ledger


def keep_record(bus: Bus, ledger: Ledger) -> None:
    """Write every change of a check's state down, with the conditions that made it."""

    def changed(event: CheckChanged) -> None:
        outcome = event.outcome
        ledger.record(
            "check.changed",
            event.check,
            before=event.before,
            after=event.after,
            service=event.service,
            cause=event.cause,
            flapping=event.flapping,
            maintenance=event.maintenance,
            message=outcome.message if outcome else "",
            conditions=[str(each) for each in outcome.conditions] if outcome else [],
        )

    bus.subscribe(CheckChanged, changed)
