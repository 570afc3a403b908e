"""Rules and their groups as they are declared."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from opsbook.book.model import Section
from opsbook.metrics.durations import PrometheusDuration


def _unquoted(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError("not a number: take the quotes away")
    return value


class RuleSpec(Section):
    """A recording rule (`record`) or an alerting rule (`alert`)."""

    record: str = ""
    """The metric that a recording rule writes."""
    alert: str = ""
    """The name of an alerting rule's alerts."""
    expr: str = ""
    """What is evaluated, in PromQL."""
    for_: PrometheusDuration = Field(default=0.0, alias="for")
    """How long an alert is pending before it fires."""
    keep_firing_for: PrometheusDuration = 0.0
    """How long an alert goes on firing after its expression stopped saying so."""
    labels: dict[str, str] = {}
    """Labels that are added or overwritten; an empty value takes a label away."""
    annotations: dict[str, str] = {}
    """Texts for people, with templates."""

    @property
    def name(self) -> str:
        return self.alert or self.record


class GroupSpec(Section):
    """Rules that are evaluated together, in their order."""

    name: str = ""
    """Unique in its file."""
    interval: PrometheusDuration = 0.0
    """The time from one evaluation to the next; 0 is the default interval."""
    query_offset: PrometheusDuration = 0.0
    """How far back the rules look, for samples that come late."""
    limit: Annotated[int, BeforeValidator(_unquoted)] = 0
    """Most series or alerts that one rule may give; 0 is without limit."""
    labels: dict[str, str] = {}
    """Labels for all rules; a rule's own come first."""
    rules: list[RuleSpec] = []
    """In the order of their evaluation."""

    def effective(self, rule: RuleSpec) -> RuleSpec:
        """A rule with the group's labels added to its own."""
        return rule.model_copy(update={"labels": {**self.labels, **rule.labels}})


class RuleFile(Section):
    """A rule file of Prometheus."""

    groups: list[GroupSpec] = []
