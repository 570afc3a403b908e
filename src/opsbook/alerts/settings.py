"""The book's `alerts:` — whom to tell, and how."""

from pydantic import model_validator

from opsbook.alerts.configuration.configuration import (
    Configuration,
    every_kind,
    examined,
    read_configuration,
)
from opsbook.alerts.configuration.document import Document, document_type
from opsbook.alerts.rules.settings import AlertRulesSettings, simple_rule_problems
from opsbook.alerts.watcher.settings import HeartbeatSettings, PageSettings
from opsbook.book.fields import BookPath
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Path_, Source


class AlertSettings(AlertRulesSettings, Document):
    """Alertmanager's file as it is, or its keys here; with neither nobody is told anything."""

    alertmanager: BookPath | None = None
    """A file of Alertmanager, read as it is."""
    external_url: str = ""
    """Where people open Opsbook, for links in notices; its own address if not given."""
    heartbeat: HeartbeatSettings | None = None
    page: PageSettings | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "AlertSettings":
        here = self.model_fields_set & Document.model_fields.keys()
        if self.alertmanager and here:
            names = sorted(Document.model_fields[name].alias or name for name in here)
            raise ValueError(
                f"both alertmanager and {' and '.join(names)} are given: keep the file, or "
                "write everything here"
            )
        if here and self.route is None:
            raise ValueError("the route is missing: it says who is told of alerts")
        return self

    def configuration(self) -> Configuration:
        """Raises BookError where the file that is named has changed for the worse."""
        return read_configuration(self.alertmanager) if self.alertmanager else Configuration(self)


def alert_settings_type() -> type[AlertSettings]:
    """With every kind of notifier that there is."""
    return document_type(AlertSettings, every_kind())


def alert_problems(
    settings: AlertSettings | None, source: Source, at: Path_ = ("alerts",)
) -> list[Problem]:
    """What is wrong in the book's section, or in the file that it names."""
    if settings is None:
        return []
    problems = simple_rule_problems(settings.rules, source, (*at, "rules"))
    if settings.alertmanager is None:
        return [*problems, *examined(settings, source, at)[0]]
    try:
        read_configuration(settings.alertmanager)
    except BookError as error:
        return [*problems, *error.problems]
    return problems
