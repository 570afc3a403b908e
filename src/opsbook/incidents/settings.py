"""The book's `incidents:` — how severe things are, who is paged and when."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.book.fields import Duration, Name
from opsbook.book.model import Section
from opsbook.core.errors import BadInputError
from opsbook.incidents.hours import Hours

_MINUTE, _HOUR = 60.0, 3600.0


def _matchers(text: str) -> str:
    try:
        parse_matchers(text)
    except BadInputError as error:
        raise ValueError(str(error)) from None
    return text


class SeveritySettings(Section):
    """How fast somebody has to answer, and when the next level hears of it."""

    description: str = ""
    """When something is that severe."""
    respond_within: Duration
    """By then somebody should have acknowledged it."""
    escalate_after: Duration = 0.0
    """No level beyond the first is paged before; the later ones keep their distances."""
    page: Literal["after-fix", "at-once"] = "after-fix"
    """Whether people are told while a response that was declared for it is tried."""
    aliases: list[Name] = []
    """Other names of the same, such as `P1`."""


class ContactSettings(Section):
    """Somebody who can be paged."""

    receiver: str = Field(min_length=1)
    """The receiver of `alerts:` by which they are."""
    description: str = ""
    """Who that is, and what they can do."""


class LevelSettings(Section):
    """Who is paged when nobody has acknowledged it by then."""

    name: Name
    """As people call it: `L2`."""
    contacts: list[Name] = Field(min_length=1)
    """Contacts that are paged together."""
    after: Duration = 0.0
    """How long after the incident was opened, or reopened."""
    hours: Hours | None = None
    """When they may be paged; what comes outside waits for them to begin."""


def _severity(meaning: str, respond: float, escalate: float, alias: str) -> SeveritySettings:
    return SeveritySettings.model_construct(
        description=meaning, respond_within=respond, escalate_after=escalate, aliases=[alias]
    )


_SEVERITIES = {
    "critical": _severity("all is down, or a breach", 15 * _MINUTE, 0.0, "P1"),
    "high": _severity("a major function is hit", _HOUR, 2 * _HOUR, "P2"),
    "medium": _severity("a minor function is hit, or all is slow", 4 * _HOUR, 8 * _HOUR, "P3"),
    "low": _severity("cosmetic, or a wish", 24 * _HOUR, 48 * _HOUR, "P4"),
}


class IncidentSettings(Section):
    """What becomes an incident, and who is paged until somebody acknowledges it."""

    severities: dict[Name, SeveritySettings] = Field(_SEVERITIES, min_length=1)
    """The worst first."""
    severity_labels: dict[str, Name] = {
        "page": "critical",
        "error": "high",
        "warning": "medium",
        "info": "low",
    }
    """An alert's `severity` → the incident's, where it is neither a name nor an alias of one."""
    default_severity: Name = ""
    """For alerts whose `severity` says nothing; the second one if not given."""
    contacts: dict[Name, ContactSettings] = {}
    escalation: list[LevelSettings] = Field([], min_length=1)
    """Levels in the order of their times. Without any nobody is paged but by routes of alerts."""
    open_for: list[Annotated[str, AfterValidator(_matchers)]] = [
        'severity=~"critical|high|page|P1|P2"',
        'alertname="CheckDown",service!=""',
    ]
    """Matchers: an alert that meets one of them opens an incident."""
    join_within: Duration = 5 * _MINUTE
    """What comes so soon after the last sign of a cause joins its incident."""
    reopen_within: Duration = _HOUR
    """An incident whose trouble is back so soon is opened again; later it is a new one."""
    mend_within: Duration = 2 * _MINUTE
    """So long an alert about a service waits while restarts may still mend it."""

    def severity_of(self, said: str) -> str | None:
        """The severity with this name or alias, in capitals or not; None if there is none."""
        wanted = said.lower()
        for name, each in self.severities.items():
            if wanted in (name.lower(), *(alias.lower() for alias in each.aliases)):
                return name
        return None

    def severity_of_label(self, said: str) -> str:
        """What an alert's `severity` means here."""
        known = self.severity_of(said) or self.severity_labels.get(said)
        return known if known in self.severities else self.usual

    @property
    def usual(self) -> str:
        """For what says nothing of its severity."""
        return self.default_severity or (list(self.severities)[:2])[-1]

    @property
    def worst(self) -> str:
        return next(iter(self.severities))

    def worse(self, one: str, other: str) -> str:
        """The worse of two; one that is not declared any more counts least."""
        order = list(self.severities)
        return min(one, other, key=lambda each: order.index(each) if each in order else len(order))
