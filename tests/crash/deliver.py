"""A life of alerting that ends where it is told to: one alert, told to a catcher over HTTP.

Arguments: database URL, catcher URL, kind of receiver (keyed, plain, refused), step or `random`.
"""

import asyncio
import json
import os
import signal
import sys
import urllib.request

from opsbook.alerts.delivery.intake import Report, admitted
from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.delivery.setup import Receiver, Setup
from opsbook.alerts.model import Notice
from opsbook.alerts.notifier import Delivery, Notifier, NotSentError
from opsbook.alerts.routing.route import Branch, plant
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.core.clock import SystemClock
from opsbook.state.database import connect
from opsbook.state.ledger import Ledger


class Plain(Notifier):
    """Posts to the catcher, which does not care about keys."""

    url: str

    @property
    def target(self) -> str:
        return self.url

    async def send(self, notice: Notice, key: str, templates: NoticeTemplates) -> Delivery:
        body = json.dumps({"key": key, "group": notice.group_key, "status": notice.status})
        answer = await asyncio.to_thread(self._post, body.encode())
        return Delivery(answer)

    def _post(self, body: bytes) -> str:
        with urllib.request.urlopen(urllib.request.Request(self.url, body), timeout=5) as answer:
            return str(answer.status)


class Keyed(Plain):
    """Posts to a catcher that shows what comes twice with one key once."""

    @property
    def takes_key(self) -> bool:
        return True


class Refused(Plain):
    """Nobody is there any more."""

    async def send(self, notice: Notice, key: str, templates: NoticeTemplates) -> Delivery:
        raise NotSentError("410 Gone", permanent=True)


async def live(database: str, catcher: str, kind: str, end_at: str, alerts: int) -> None:
    engine = connect(database)
    ledger = Ledger(engine, SystemClock())
    kinds = {"keyed": Keyed, "plain": Plain, "refused": Refused}
    notifier = kinds[kind](url=catcher)
    other = Receiver("other", {"catcher[0]": Plain(url=catcher)})
    manner = {"group_by": ("alertname",), "group_wait": 0.0, "group_interval": 0.3}
    setup = Setup(
        root=plant(Branch(receiver="team", repeat_interval=3600.0, **manner)),  # type: ignore[arg-type]
        receivers={"team": Receiver("team", {"catcher[0]": notifier}, "other"), "other": other},
        templates=NoticeTemplates(()),
    )

    def hook(step: str) -> None:
        if step == end_at:
            os.kill(os.getpid(), signal.SIGKILL)

    alerting = Alerting(setup, engine, ledger, SystemClock(), "http://opsbook", hook=hook)
    running = asyncio.create_task(alerting.run())
    if end_at == "random":
        sys.stdout.write("alive\n")
        sys.stdout.flush()
    for number in range(alerts):
        report = Report({"alertname": f"Down{number}"}, {})
        alert = admitted(report, SystemClock().now(), 300.0)
        await alerting.put([alert])
        # Accepted: it must be told from now on.
        sys.stdout.write(f"{alert.fingerprint}\n")
        sys.stdout.flush()
    if end_at == "random":
        await asyncio.sleep(60)
    async with asyncio.timeout(20):
        while alerting.busy or alerting.outbox.undelivered or not alerting.outbox.settled:
            await asyncio.sleep(0.02)
    await ledger.flush(within=5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    ledger.close()
    engine.dispose()


if __name__ == "__main__":
    database, catcher, kind, end_at, alerts = sys.argv[1:]
    asyncio.run(live(database, catcher, kind, end_at, int(alerts)))
