"""A route as Alertmanager's configuration declares it → a branch of the tree."""

from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, Field

from opsbook.alerts.configuration.notation import (
    MatcherText,
    Pattern,
    Period,
    all_matchers,
)
from opsbook.alerts.routing.route import ALL, Branch
from opsbook.book.model import Section
from opsbook.metrics.durations import PrometheusDuration
from opsbook.metrics.scraping.notation import Flag, Keyed, Labelled, LabelName, Many, Text


def _each_once(names: list[str]) -> list[str]:
    if set(names) == set(ALL):
        return list(ALL)
    if set(ALL) & set(names):
        raise ValueError("`...` stands for every label: remove the others, or `...`")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(f"the label {repeated[0]} is there twice: remove one")
    return names


class RouteConfig(Section):
    """Where alerts go, and how they are told there; alerts that `routes` take go there."""

    receiver: Text = ""
    """Who is told; whom the route around it tells, if not given."""
    group_by: Annotated[Many[LabelName], AfterValidator(_each_once)] = []
    """Labels; what has the same values of them is told together. `...` stands for all."""
    goes_on: Flag = Field(False, alias="continue")
    """Whether the next routes are asked even where this one takes an alert."""
    match: Labelled = {}
    """Label → value; `matchers` say more."""
    match_re: Keyed[Pattern] = {}
    """Label → pattern; `matchers` say more."""
    matchers: Many[MatcherText] = []
    """Which alerts it takes: all of `severity="critical"`, `team=~"db|web"`."""
    mute_time_intervals: Many[Text] = []
    """Names of time intervals in which nothing is told here."""
    active_time_intervals: Many[Text] = []
    """Names of time intervals outside of which nothing is told here."""
    group_wait: PrometheusDuration | None = None
    """After the first alert of a group, so that more can join it; 30s if no route says."""
    group_interval: Period | None = None
    """Between two notices of a group that changes; 5m if no route says."""
    repeat_interval: Period | None = None
    """Between two notices of a group that does not change; 4h if no route says."""
    routes: Many["RouteConfig"] = []

    def branch(self) -> Branch:
        """Raises nothing: what could be wrong with it was found when it was read."""
        return Branch(
            matchers=all_matchers(self.match, self.match_re, self.matchers),
            goes_on=self.goes_on,
            mute=tuple(self.mute_time_intervals),
            active=tuple(self.active_time_intervals),
            receiver=self.receiver or None,
            group_by=tuple(self.group_by) or None,
            group_wait=self.group_wait,
            group_interval=self.group_interval,
            repeat_interval=self.repeat_interval,
            routes=tuple(route.branch() for route in self.routes),
        )
