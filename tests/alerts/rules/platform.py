"""A platform of checks of which a test says what they found."""

from typing import Any

from opsbook.alerts.model import Alert
from opsbook.alerts.rules.origin import Origin
from opsbook.core.clock import ManualClock
from opsbook.core.events import Bus
from opsbook.probes.check import Check
from opsbook.probes.maintenance import Maintenance
from opsbook.probes.model import Outcome, State
from opsbook.probes.watch import Watch
from tests.probes.test_watch import told

NOW = 1_700_000_000.0
ORIGIN = Origin("http://ops:7070")


def check(name: str, *parents: str, **settings: Any) -> Check:
    return told(name, parents, **{"confirm": 1, "every": "1h", **settings})


class Platform:
    def __init__(self, *checks: Check, maintenance: tuple[Maintenance, ...] = ()) -> None:
        self.clock, self.bus = ManualClock(NOW), Bus()
        self.watch = Watch(checks, self.bus, self.clock, maintenance)
        self.sent: list[Alert] = []

    def send(self, alerts: Any) -> None:
        self.sent += alerts

    def new(self) -> list[tuple[str, str, bool]]:
        """Name, check, and whether it fires, of what was sent since the last call."""
        sent, self.sent = self.sent, []
        now = self.clock.now()
        return [(each.name, dict(each.labels)["check"], not each.resolved(now)) for each in sent]

    async def find(self, name: str, state: State, message: str = "") -> None:
        await self.watch.take(name, Outcome(self.clock.now(), 0.01, state, message))
