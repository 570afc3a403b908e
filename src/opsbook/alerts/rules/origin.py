"""Where people look at what raised an alert; and so, which alerts are our own."""

from dataclasses import dataclass

from opsbook.alerts.model import Alert
from opsbook.alerts.templates.language.escapes import urlquery


@dataclass(frozen=True, slots=True)
class Origin:
    """By the URL where people open Opsbook."""

    external_url: str

    def of_expression(self, expression: str) -> str:
        """A link as Prometheus makes it."""
        return f"{self._graph}?g0.expr={urlquery(expression)}&g0.tab=1"

    def of_check(self, check: str) -> str:
        return self.of_expression(f'opsbook_check_state{{check="{check}"}}')

    def raised(self, alert: Alert) -> bool:
        """Whether we raised it ourselves: rule, KPI or check."""
        return alert.generator_url.startswith(f"{self._graph}?")

    @property
    def _graph(self) -> str:
        return f"{self.external_url.rstrip('/')}/graph"
