"""An alerting behind its API on a free port, with two receivers that remember."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.routing.intervals import TimeInterval
from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.alerts.routing.route import Branch
from opsbook.core.clock import SystemClock
from opsbook.state.database import connect, sqlite_url
from opsbook.state.ledger import Ledger
from opsbook.state.local_token import LocalToken
from opsbook.state.tokens import Tokens
from opsbook.web.access import Access, protect
from opsbook.web.alertmanager.routes import alertmanager_routes
from opsbook.web.alerts import alert_routes
from opsbook.web.other_sites import NoOtherSites
from opsbook.web.refusals import Refusals
from opsbook.web.server import WebServer, listen
from opsbook.web.settings import WebSettings
from tests.alerts.delivery.scene import Memory, inhibition, setup

CONFIGURATION = "route:\n  receiver: default\n"


@asynccontextmanager
async def alerting_at(directory: Path) -> AsyncIterator[str]:
    """The address under which it answers."""
    engine, clock = connect(sqlite_url(directory / "state.db")), SystemClock()
    ledger = Ledger(engine, clock)
    wanted = setup(
        Branch(parse_matchers("team=db"), receiver="db"),
        receivers={"default": [Memory()], "db": [Memory()]},
        inhibitions=[inhibition("severity=critical", "severity=warning", "host")],
        intervals={"nights": [TimeInterval(times=((0, 360),))]},
        group_wait=0.0,
    )
    alerting = Alerting(wanted, engine, ledger, clock, "http://opsbook")
    api = FastAPI()
    api.add_middleware(NoOtherSites)
    api.include_router(alertmanager_routes(alerting, clock, lambda: CONFIGURATION))
    api.include_router(alert_routes(alerting, engine, clock))
    access = Access(LocalToken(directory), Tokens(engine, clock), Refusals(ledger))
    protect(api, access)
    server = WebServer(api, listen(WebSettings(port=0)))
    tasks = [asyncio.create_task(alerting.run()), asyncio.create_task(server.run())]
    try:
        yield server.address
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.close()
        ledger.close()
        engine.dispose()
