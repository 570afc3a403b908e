"""All that answers over HTTP, connected with the rooms that it shows."""

import socket
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from opsbook.app.book import provers
from opsbook.app.sign_in import SignIn
from opsbook.app.status_page import status_page
from opsbook.app.waiting import make_waitings
from opsbook.services.history.reader import HistoryReader
from opsbook.state.answers import Answers
from opsbook.web.access import protect
from opsbook.web.backups import backup_family, backup_routes
from opsbook.web.checks import check_routes
from opsbook.web.console.site import Site, serve_console
from opsbook.web.dashboards.dashboards import Dashboards
from opsbook.web.dashboards.routes import dashboard_routes
from opsbook.web.databases import database_family, database_routes
from opsbook.web.drills import drill_family, drill_routes
from opsbook.web.history import history_routes
from opsbook.web.idempotency import answer_once
from opsbook.web.incident_exposition import incident_family
from opsbook.web.ledger import ledger_routes
from opsbook.web.live.hub import Hub
from opsbook.web.live.socket import live_routes
from opsbook.web.live.topics import make_hub
from opsbook.web.mobile import mobile_routes
from opsbook.web.openapi import document
from opsbook.web.problems import tell_problems
from opsbook.web.run_health import RunHealth
from opsbook.web.runs import no_run_routes, run_routes
from opsbook.web.server import WebServer, create_api, public_address_of
from opsbook.web.services import service_routes
from opsbook.web.settings import WebSettings
from opsbook.web.status import StatusView
from opsbook.web.store_health import StoreHealth
from opsbook.web.waiting import waiting_routes

if TYPE_CHECKING:
    from opsbook.app.app import App


class Front:
    """Of one application, whose rooms are all there."""

    def __init__(self, app: "App", listener: socket.socket, web: WebSettings) -> None:
        """Raises BadInputError if the token of the process cannot be written."""
        self._app, self._settings = app, web
        self.view = self._view()
        self.waitings = make_waitings(
            app.services, app.alerts.delivery, app.incidents, app.drills, app.engine, app.clock
        )
        self.dashboards = Dashboards(app.book.dashboards)
        address = public_address_of(listener, web)
        self.sign_in = SignIn(web, address, app.data.path, app.engine, app.ledger, app.clock)
        self.live = self._live()
        self.api = self._api()
        self.server = WebServer(self.api, listener, web)

    def _view(self) -> StatusView:
        app = self._app
        view = StatusView(
            app.book.platform.name,
            app.watch,
            app.services,
            app.ledger,
            StoreHealth(app.measuring.store, app.measuring.recorder, app.clock),
            app.alerts.health,
            RunHealth(app.runs, app.agents),
            app.drills,
            app.backups,
            app.databases,
            app.clock,
        )
        view.families += (
            incident_family(app.incidents),
            drill_family(app.drills),
            backup_family(app.backups),
            database_family(app.databases),
        )
        return view

    def _live(self) -> Hub:
        app = self._app
        return make_hub(
            self.view,
            app.measuring.kpis,
            app.alerts.delivery,
            app.incidents,
            app.runbooks,
            self.waitings,
            app.engine,
            app.bus,
            app.clock,
        )

    def _api(self) -> FastAPI:
        app, measuring = self._app, self._app.measuring
        api = create_api(self.view, measuring.store, measuring.sources, self._settings)
        for router in self._routers():
            api.include_router(router)
        serve_console(api, Site(self._settings.prefix))
        protect(api, self.sign_in.access)
        tell_problems(api)
        answer_once(api, Answers(app.engine, app.clock))
        document(api, guarded=self._settings.exposed)
        return api

    def _routers(self) -> list[APIRouter]:
        app, view = self._app, self.view
        return [
            *app.measuring.routers,
            *app.alerts.routers,
            run_routes(app.runbooks) if app.runbooks else no_run_routes(),
            app.incident_paths,
            drill_routes(app.drills, app.clock),
            backup_routes(app.backups, app.clock),
            database_routes(app.databases),
            dashboard_routes(self.dashboards),
            *self.sign_in.routers,
            check_routes(view),
            service_routes(view),
            history_routes(view, HistoryReader(app.engine), app.clock),
            ledger_routes(app.engine),
            waiting_routes(self.waitings),
            mobile_routes(view, provers(app.book), self.waitings),
            *status_page(app.book.status_page, app.services, app.engine, app.clock),
            live_routes(self.live, open_to_all=not self._settings.exposed),
        ]
