"""A life of incidents that ends where it is told to: one alert opens one, and pages a catcher.

Arguments: database URL, catcher URL, kind of receiver (keyed, plain), the step at which it dies:
`change:written:1` is the first change of an incident in the database, `page:sending` the page.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable

from opsbook.alerts.delivery.intake import Report, admitted
from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.delivery.setup import Receiver, Setup
from opsbook.alerts.routing.route import Branch, plant
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.core.clock import SystemClock
from opsbook.core.events import Bus
from opsbook.incidents import store
from opsbook.incidents.evidence import Evidence
from opsbook.incidents.service import Incidents
from opsbook.incidents.settings import IncidentSettings
from opsbook.probes.watch import Watch
from opsbook.services.service import Services
from opsbook.state.database import connect
from opsbook.state.ledger import Ledger
from tests.crash.deliver import Keyed, Plain

SETTINGS = {
    "contacts": {"ada": {"receiver": "team"}},
    "escalation": [{"name": "L1", "contacts": ["ada"]}],
}


def dying(prefix: str, end_at: str) -> Callable[[str], None]:
    """A hook that counts how often each step was reached."""
    reached: Counter[str] = Counter()

    def hook(step: str) -> None:
        reached[step] += 1
        if end_at in (f"{prefix}:{step}", f"{prefix}:{step}:{reached[step]}"):
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


async def live(database: str, catcher: str, kind: str, end_at: str) -> None:
    engine, clock, bus = connect(database), SystemClock(), Bus()
    ledger = Ledger(engine, clock)
    team = Receiver("team", {"catcher[0]": {"keyed": Keyed, "plain": Plain}[kind](url=catcher)})
    setup = Setup(
        root=plant(Branch(receiver="nobody")),
        receivers={"nobody": Receiver("nobody"), "team": team},
        templates=NoticeTemplates(()),
    )
    alerting = Alerting(
        setup,
        engine,
        ledger,
        clock,
        "http://opsbook",
        hook=dying("page", end_at),
        announce=bus.announce,
    )
    watch = Watch([], bus, clock)
    services = Services({}, lambda _: None, watch, bus, ledger, clock, lambda _: [])  # type: ignore[arg-type, return-value]  # there is none
    settings = IncidentSettings.model_validate(SETTINGS)
    evidence = Evidence(watch, services, alerting, clock, settings.mend_within)
    incidents = Incidents(
        settings, {}, evidence, alerting, engine, ledger, bus, clock, dying("change", end_at)
    )
    running = [asyncio.create_task(each.run()) for each in (alerting, incidents)]
    if not alerting.board.alerts:
        report = Report({"alertname": "Down", "severity": "critical"}, {})
        await alerting.put([admitted(report, clock.now(), 300.0)])
    async with asyncio.timeout(20):
        while not _paged(incidents, alerting) or store.load_unrecorded(engine):
            await asyncio.sleep(0.02)
    await ledger.flush(within=5)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    ledger.close()
    engine.dispose()


def _paged(incidents: Incidents, alerting: Alerting) -> bool:
    live = incidents.watched
    outbox = alerting.outbox
    done = not alerting.busy and not outbox.undelivered and outbox.settled
    return bool(live) and all(each.paged for each in live) and done


if __name__ == "__main__":
    asyncio.run(live(*sys.argv[1:]))
