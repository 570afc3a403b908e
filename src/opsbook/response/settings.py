"""The book's `responses:` — which runbook answers which alert, check or death."""

from typing import Literal

from pydantic import Field, field_validator

from opsbook.alerts.routing.matchers import make_matcher, parse_matchers
from opsbook.book.fields import Duration, Name
from opsbook.book.model import Section
from opsbook.core.errors import BadInputError
from opsbook.metrics.model import Matcher
from opsbook.runbooks.settings import Word
from opsbook.runbooks.template import Template


class ResponseSettings(Section):
    """What is tried before people are told. Of several that fit, the first answers."""

    name: Name | None = None
    """For people and the ledger; made from what it answers if not given."""
    alert: dict[str, str] | list[str] = {}
    """Labels that an alert must have, or matchers as routes have them. One of `alert`, `check`
    and `death` says what is answered."""
    check: Name | None = None
    """A check that is down: the alert that says so."""
    death: Name | None = None
    """A service that its restarts did not mend."""
    runbook: Name
    """It proves what it did: of class 1, or as `plan` and `ask` allow."""
    with_: dict[Word, Template] = Field(default={}, alias="with")
    """Its parameters, with `{{ service }}`, `{{ incident }}` and, of an alert, `{{ alert.name }}`,
    `{{ alert.labels.LABEL }}` and `{{ alert.annotations.NAME }}` filled in."""
    hold: Duration = Field(default=300.0, gt=0)
    """The longest that people are not told meanwhile."""
    page: Literal["after-fix", "at-once"] | None = None
    """Whether people are told before; as the severity of the incident says if not given."""
    plan: str | None = None
    """The digest of a signed plan: class 2 runs unattended only by one."""
    ask: bool = False
    """Whether a runbook of class 3 is asked for, and people are told that it waits for them."""
    close_after: Duration = 600.0
    """An incident that it mended unseen is closed when it has been well for so long."""

    @property
    def title(self) -> str:
        """What people and the ledger call it."""
        return self.name or f"{self.runbook} for {self.trigger}"

    @property
    def trigger(self) -> str:
        if self.death is not None:
            return f"death of {self.death}"
        if self.check is not None:
            return f"check {self.check}"
        return ",".join(f"{m.name}{m.op}{m.value}" for m in self.matchers)

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        """What an alert must meet; nothing where it answers a death."""
        if self.check is not None:
            return (Matcher("alertname", "=", "CheckDown"), Matcher("check", "=", self.check))
        if isinstance(self.alert, dict):
            return tuple(make_matcher(name, "=", value) for name, value in self.alert.items())
        return tuple(matcher for text in self.alert for matcher in parse_matchers(text))

    @field_validator("alert")
    @classmethod
    def _are_matchers(cls, alert: dict[str, str] | list[str]) -> dict[str, str] | list[str]:
        try:
            for text in alert if isinstance(alert, list) else ():
                parse_matchers(text)
        except BadInputError as error:
            raise ValueError(str(error)) from None
        return alert
