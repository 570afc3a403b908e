"""The book's `kpis:` — what the platform owes, and what is a warning or critical."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

from pydantic import Field

from opsbook.book.fields import Duration
from opsbook.book.model import Section
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.metrics.kpis.bands import Bands, Limit, Zone, read_breach, read_target
from opsbook.metrics.kpis.unit import UNITS, UnitName
from opsbook.metrics.promql.nodes import type_of
from opsbook.metrics.promql.parse import parse
from opsbook.metrics.rules.check import expression_problem


class KpiSettings(Section):
    """An expression, a target, and the bands beyond it.

    Limits have the unit of the KPI and may have the sign with which a manual writes them:
    `target: "> 99.9 %"`, `warning: "< 99.5 %"`. Without a sign the limit itself is still good.
    """

    description: str = ""
    """What it says about the platform."""
    expression: str
    """Its value now, in PromQL, in base units; of several series the worst counts."""
    unit: UnitName = "number"
    """Of the value and the limits; `ratio` is a share from 0 to 1 that is shown as percent."""
    direction: Literal["higher", "lower", "band"]
    """Which values are better; for a `band` each limit has two ends, `[low, high]`."""
    target: Limit
    """What is promised. What misses it is off target until it is a warning."""
    warning: Limit | None = None
    """From where on it is a warning; without it, what misses the target is one."""
    critical: Limit | None = None
    """From where on it is critical."""
    every: Duration = Field(default=60.0, ge=0.1)
    """The interval between two evaluations."""
    window: str = ""
    """The time that the value speaks of, for people, such as `30 days`."""

    @property
    def bands(self) -> Bands:
        """Raises ValueError for limits of which `kpi_problems` would tell."""
        unit = UNITS[self.unit]
        return Bands(
            read_target(self.target, self.direction, unit),
            None if self.warning is None else read_breach(self.warning, self.direction, unit),
            None if self.critical is None else read_breach(self.critical, self.direction, unit),
        )


def kpi_problems(kpis: Mapping[str, KpiSettings], source: Source) -> list[Problem]:
    """Expressions that are none, limits that are none, and bands in the wrong order."""
    problems = []
    for name, settings in kpis.items():
        path = ("kpis", name)
        problems += _expression_problems(settings, (*path, "expression"), source)
        problems += _limit_problems(settings, path, source) or _order(settings, path, source)
    return problems


def _expression_problems(settings: KpiSettings, path: Path_, source: Source) -> list[Problem]:
    text = expression_problem(settings.expression)
    if text is not None:
        return [Problem(source.mark(path), dotted(path), text)]
    type_ = type_of(parse(settings.expression))
    if type_ in ("vector", "scalar"):
        return []
    what = f"the expression gives a {type_} (got {settings.expression!r})"
    return [Problem(source.mark(path), dotted(path), what, "use a function that gives a number")]


def _limit_problems(settings: KpiSettings, path: Path_, source: Source) -> list[Problem]:
    problems = []
    for key in ("target", "warning", "critical"):
        limit: Limit | None = getattr(settings, key)
        read = read_target if key == "target" else read_breach
        try:
            if limit is not None:
                read(limit, settings.direction, UNITS[settings.unit])
        except ValueError as error:
            what, _, remedy = str(error).partition(": ")
            at = (*path, key)
            what = f"{what} (got {limit!r}; the unit is {settings.unit})"
            problems.append(Problem(source.mark(at), dotted(at), what, remedy or None))
    return problems


def _order(settings: KpiSettings, path: Path_, source: Source) -> list[Problem]:
    bands = settings.bands
    named: list[tuple[str, Zone]] = [
        (name, zone)
        for name in ("target", "warning", "critical")
        if (zone := getattr(bands, name)) is not None
    ]
    for (inner, zone), (outer, around) in pairwise(named):
        if not zone.within(around):
            at = (*path, outer)
            what = f"bands in the wrong order (got {inner} {zone.text}, {outer} {around.text})"
            remedy = _REMEDIES[settings.direction].format(inner=inner, outer=outer)
            return [Problem(source.mark(at), dotted(at), what, remedy)]
    return []


_REMEDIES = {
    "higher": "higher is better: {outer} must not lie above {inner}",
    "lower": "lower is better: {outer} must not lie below {inner}",
    "band": "the ends of {outer} must lie around those of {inner}",
}
