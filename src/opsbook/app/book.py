"""The whole book: every room's section under one roof."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Optional

from pydantic import Field, PrivateAttr, create_model

from opsbook.alerts.delivery.setup import Receiver
from opsbook.alerts.rules.check import template_problems
from opsbook.alerts.settings import AlertSettings, alert_problems, alert_settings_type
from opsbook.alerts.templates.language.errors import TemplateError
from opsbook.app.prometheus import prometheus_remarks, prometheus_rule_problems
from opsbook.backups.rules import backup_problems
from opsbook.backups.settings import BackupSettings, backup_settings_for, backup_settings_type
from opsbook.book.fields import BookPath, Name
from opsbook.book.kinds import kinds_used, with_kinds
from opsbook.book.load import load_book
from opsbook.book.model import Section
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Source
from opsbook.databases.engine import engine_kinds
from opsbook.databases.rules import database_problems
from opsbook.databases.settings import DatabaseSettings, database_settings_type
from opsbook.drills.fault import fault_kinds
from opsbook.drills.rules import drill_problems
from opsbook.drills.settings import DrillSettings, drill_settings_type
from opsbook.incidents.rules import incident_problems
from opsbook.incidents.settings import IncidentSettings
from opsbook.metrics.kpis.settings import KpiSettings, kpi_problems
from opsbook.metrics.rules.settings import RulesSettings, rules_problems
from opsbook.metrics.scraping.configuration import scrape_problems
from opsbook.metrics.scraping.settings import ScrapeSettings
from opsbook.metrics.settings import MetricsSettings
from opsbook.metrics.store import store_kinds
from opsbook.probes.maintenance import Maintenance
from opsbook.probes.probe import probe_kinds
from opsbook.probes.rules import check_problems
from opsbook.probes.settings import CheckSettings
from opsbook.response.rules import response_problems
from opsbook.response.settings import ResponseSettings
from opsbook.runbooks.hosts import HostSettings, host_problems
from opsbook.runbooks.recovery.rules import recovery_problems
from opsbook.runbooks.recovery.settings import RecoverySettings
from opsbook.runbooks.rules import runbook_problems
from opsbook.runbooks.settings import RunbookSettings, runbook_type
from opsbook.services.controller import controller_kinds
from opsbook.services.rules import service_problems
from opsbook.services.settings import ServiceSettings
from opsbook.state.settings import StateSettings, state_problems
from opsbook.web.dashboards.dashboards import Dashboards
from opsbook.web.public.rules import status_page_problems
from opsbook.web.public.settings import StatusPageSettings
from opsbook.web.settings import WebSettings


class Platform(Section):
    """What the book is about, and who answers for it."""

    name: Name
    """The platform's name: in metrics, records and messages."""
    version: str = ""
    """Which version of the platform this book is about."""
    description: str = ""
    """What the platform is for, in a sentence."""
    owner: str = ""
    """Who is asked when something is unclear."""
    production: bool = False
    """Whether people depend on it: a second person has to approve each drill."""


class Book(Section):
    """An operations manual for one platform."""

    platform: Platform
    state: StateSettings = StateSettings()
    hosts: dict[Name, HostSettings] = {}
    services: dict[Name, ServiceSettings] = {}
    checks: dict[Name, CheckSettings] = {}
    maintenance: list[Maintenance] = []
    metrics: MetricsSettings | None = None
    scrape: ScrapeSettings = ScrapeSettings()
    rules: RulesSettings | None = None
    kpis: dict[Name, KpiSettings] = {}
    alerts: AlertSettings | None = None
    incidents: IncidentSettings | None = None
    runbooks: dict[Name, RunbookSettings] = {}
    responses: list[ResponseSettings] = []
    drills: dict[Name, DrillSettings] = {}
    databases: dict[Name, DatabaseSettings] = {}
    backups: BackupSettings | None = None
    recovery: dict[Name, RecoverySettings] = {}
    web: WebSettings = WebSettings()
    status_page: StatusPageSettings | None = None
    dashboards: list[BookPath] = []
    """Files with dashboards of Grafana as JSON, shown as they are; `*` stands for any."""

    _directory: Path = PrivateAttr(default=Path())

    @property
    def directory(self) -> Path:
        """Where the book stands: commands start there."""
        return self._directory

    def in_production(self, service: str | None) -> bool:
        """Whether people depend on a service; for None, whether they depend on any."""
        named = self.services.values() if service is None else [self.services[service]]
        return self.platform.production or any(each.production for each in named)

    def model_post_init(self, context: Any) -> None:
        self._directory = (context or {}).get("directory", Path())


def read_book(file: Path) -> Book:
    """Read a book. Raises BookError with every problem and its place."""
    return load_book(
        file,
        _compose,
        _everything,
        _state_problems,
        _service_problems,
        _check_problems,
        _metrics_problems,
        _incident_problems,
        _runbook_problems,
        _response_problems,
        _drill_problems,
        _database_problems,
        _backup_problems,
        _recovery_problems,
        _status_page_problems,
    )


def remarks(book: Book) -> list[Problem]:
    """What files of other programs say and Opsbook does not carry out."""
    told = book.alerts.configuration().remarks if book.alerts else ()
    shown = Dashboards(book.dashboards).remarks()
    return [*prometheus_remarks(book.scrape), *told, *shown]


def dependencies(book: Book) -> dict[str, list[str]]:
    """For each service the services that it depends on."""
    return {name: settings.depends_on for name, settings in book.services.items()}


def provers(book: Book) -> dict[str, list[str]]:
    """For each service the checks whose failure means that it does not serve: those that
    verify it, else those that may restart it, else all of its own."""
    found: dict[str, list[str]] = {}
    for service, settings in book.services.items():
        own = {name: each for name, each in book.checks.items() if each.service == service}
        restarting = [name for name, check in own.items() if check.restart_when_down]
        found[service] = list(settings.restart.verified_by) or restarting or list(own)
    return found


def _state_problems(book: Book, source: Source) -> list[Problem]:
    return [
        *state_problems(book.state, source),
        *host_problems(book.hosts, book.state.shared, source),
    ]


def _service_problems(book: Book, source: Source) -> list[Problem]:
    return service_problems(book.services, book.checks, source)


def _check_problems(book: Book, source: Source) -> list[Problem]:
    return check_problems(book.checks, dependencies(book), provers(book), source)


def _metrics_problems(book: Book, source: Source) -> list[Problem]:
    return [
        *scrape_problems(book.scrape, source),
        *prometheus_rule_problems(book.scrape, source),
        *rules_problems(book.rules, source, template_problems),
        *kpi_problems(book.kpis, source),
        *alert_problems(book.alerts, source),
    ]


def _incident_problems(book: Book, source: Source) -> list[Problem]:
    receivers = _receivers(book)
    return [] if receivers is None else incident_problems(book.incidents, receivers, source)


def _runbook_problems(book: Book, source: Source) -> list[Problem]:
    receivers = _receivers(book)
    if not book.runbooks or receivers is None:
        return []
    return runbook_problems(
        book.runbooks,
        checks=book.checks,
        services=book.services,
        receivers=receivers,
        hosts=book.hosts,
        source=source,
    )


def _response_problems(book: Book, source: Source) -> list[Problem]:
    return response_problems(book.responses, book.runbooks, book.checks, book.services, source)


def _drill_problems(book: Book, source: Source) -> list[Problem]:
    receivers = _receivers(book)
    if receivers is None:
        return []
    return drill_problems(book.drills, book.services, book.checks, receivers, book.runbooks, source)


def _receivers(book: Book) -> Mapping[str, Receiver] | None:
    """None where the alerts are wrong themselves: that is told where they are looked at."""
    try:
        return book.alerts.configuration().setup().receivers if book.alerts else {}
    except (BookError, TemplateError):
        return None


def _database_problems(book: Book, source: Source) -> list[Problem]:
    return database_problems(book.databases, source)


def _backup_problems(book: Book, source: Source) -> list[Problem]:
    return backup_problems(book.backups, source)


def _recovery_problems(book: Book, source: Source) -> list[Problem]:
    return recovery_problems(
        book.recovery,
        book.backups.sets if book.backups else {},
        book.services,
        book.checks,
        provers(book),
        book.runbooks,
        source,
    )


def _status_page_problems(book: Book, source: Source) -> list[Problem]:
    return status_page_problems(book.status_page, book.services, source)


def book_schema() -> dict[str, Any]:
    """The JSON Schema of a book, with every kind there is, for editors."""
    schema = _everything().model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _compose(data: Mapping[str, Any]) -> type[Book]:
    """The type for this book: it loads only the kinds that the book names."""
    return _with_kinds(
        kinds_used(data.get("checks"), probe_kinds),
        kinds_used(data.get("services"), controller_kinds),
        kinds_used({"metrics": data.get("metrics")}, store_kinds),
        alert_settings_type() if data.get("alerts") else AlertSettings,
        # Without a runbook no kind of step is loaded, and so nothing knows what one looks like.
        runbook_type() if data.get("runbooks") else Any,
        drill_settings_type(kinds_used(data.get("drills"), fault_kinds)),
        backup_settings_for(data.get("backups")),
        database_settings_type(kinds_used(data.get("databases"), engine_kinds)),
    )


def _everything() -> type[Book]:
    """The type with every kind there is."""
    return _with_kinds(
        probe_kinds.names(),
        controller_kinds.names(),
        store_kinds.names(),
        alert_settings_type(),
        runbook_type(),
        drill_settings_type(fault_kinds.names()),
        backup_settings_type(),
        database_settings_type(engine_kinds.names()),
    )


def _with_kinds(
    probes: Iterable[str],
    controllers: Iterable[str],
    stores: Iterable[str],
    alerts: type[AlertSettings],
    runbooks: Any,
    drills: type[DrillSettings],
    backups: type[BackupSettings],
    databases: type[DatabaseSettings],
) -> type[Book]:
    checks = with_kinds(CheckSettings, probe_kinds, probes, "probe")
    services = with_kinds(ServiceSettings, controller_kinds, controllers, "controller")
    metrics = with_kinds(MetricsSettings, store_kinds, stores, "store")
    fields: dict[str, Any] = {
        "metrics": (Optional[metrics], Field(default=None)),  # noqa: UP045 - known at run time only
        "alerts": (Optional[alerts], Field(default=None)),  # noqa: UP045
        "backups": (Optional[backups], Field(default=None)),  # noqa: UP045
        "runbooks": (dict[Name, runbooks], Field(default={})),
        "drills": (dict[Name, drills], Field(default={})),  # type: ignore[valid-type]
        "databases": (dict[Name, databases], Field(default={})),  # type: ignore[valid-type]
        "services": (dict[Name, services], Field(default={})),  # type: ignore[valid-type]
        "checks": (dict[Name, checks], Field(default={})),  # type: ignore[valid-type]
    }
    return create_model("Book", __base__=Book, __doc__=Book.__doc__, **fields)
