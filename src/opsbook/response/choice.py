"""Alerts and deaths → attempts by the response that the book has for them."""

from collections.abc import Callable, Mapping, Sequence

from opsbook.alerts.model import Alert
from opsbook.core.labels import Labels
from opsbook.incidents.settings import IncidentSettings
from opsbook.metrics.matching import matching
from opsbook.response.attempt import Attempt, death_key
from opsbook.response.settings import ResponseSettings

_A_SHORT_WHILE = 60.0


class Choice:
    """Of several responses that fit, the first."""

    def __init__(
        self,
        responses: Sequence[ResponseSettings],
        severities: IncidentSettings,
        service_of: Mapping[str, str],
    ) -> None:
        """`service_of`: check → the service that it is about."""
        self._severities, self._service_of = severities, service_of
        self._deaths = {each.death: each for each in reversed(responses) if each.death is not None}
        self._alerts: list[tuple[Callable[[Labels], bool], ResponseSettings]] = [
            (matching(each.matchers), each) for each in responses if each.death is None
        ]
        self.by_title = {each.title: each for each in responses}

    def of_alert(self, alert: Alert, now: float) -> Attempt | None:
        found = next((each for meets, each in self._alerts if meets(alert.labels)), None)
        if found is None:
            return None
        labels = dict(alert.labels)
        seen = {
            "name": alert.name,
            "fingerprint": alert.fingerprint,
            "labels": labels,
            "annotations": dict(alert.annotations),
        }
        return Attempt(
            alert.fingerprint,
            found,
            alert.name or alert.fingerprint,
            self.service(labels),
            alert.starts_at,
            # The clock of who sends it may be ahead of ours, but not by much.
            max(now, min(alert.starts_at, now + _A_SHORT_WHILE)),
            self._at_once(found, self._severities.severity_of_label(labels.get("severity", ""))),
            seen,
        )

    def of_death(self, service: str, began_at: float, now: float) -> Attempt | None:
        found = self._deaths.get(service)
        if found is None:
            return None
        at_once = self._at_once(found, self._severities.worst)
        what = f"death of {service}"
        return Attempt(death_key(service), found, what, service, began_at, now, at_once)

    def service(self, labels: Mapping[str, str]) -> str:
        """The service that an alert is about; empty where nothing says so."""
        return labels.get("service") or self._service_of.get(labels.get("check", ""), "")

    def _at_once(self, response: ResponseSettings, severity: str) -> bool:
        if response.ask:
            return False  # they are told as soon as it waits for them, with what it waits for
        page = response.page or self._severities.severities[severity].page
        return page == "at-once"
