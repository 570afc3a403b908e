"""One KPI while it lives: evaluated like a rule, judged by its bands."""

import math
from collections.abc import Hashable
from dataclasses import dataclass

from opsbook.core.clock import Clock
from opsbook.core.errors import OpsbookError
from opsbook.core.labels import NAME, Labels, format_labels, labels_of
from opsbook.metrics.kpis.bands import KpiState
from opsbook.metrics.kpis.settings import KpiSettings
from opsbook.metrics.kpis.unit import UNITS
from opsbook.metrics.promql.errors import QueryError, failed
from opsbook.metrics.promql.result import Result
from opsbook.metrics.rules.rule import Ask, Rule, Samples

VALUE = "opsbook_kpi_value"
STATE = "opsbook_kpi_state"
SINCE = "opsbook_kpi_state_since_timestamp_seconds"
_MOST_SERIES = 1_000
_REMEMBERED = "1h"
"""How far back the state is looked up after a start: beyond it nobody knows what was between."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One series of a KPI's expression; its labels without the metric's name."""

    labels: Labels
    value: float
    state: KpiState


@dataclass(frozen=True, slots=True)
class Standing:
    """What an evaluation found. Times in seconds since 1970."""

    state: KpiState
    since: float
    """When the state was entered, as far as it was watched."""
    reason: str
    """Why it is not met; empty where it is."""
    judged: tuple[Judged, ...] = ()
    """Every series, worst first: the first one is the KPI's."""


class Kpi(Rule):
    """Its samples: every value, the state as one among zeros, and since when."""

    def __init__(self, name: str, settings: KpiSettings, clock: Clock) -> None:
        self.name = name
        self.settings = settings
        self.bands = settings.bands
        self.unit = UNITS[settings.unit]
        self.evaluated_at: float | None = None
        self._clock = clock
        self._before: tuple[str, float] | None = None
        self._standing = Standing(KpiState.UNKNOWN, clock.now(), "not evaluated yet")

    @property
    def identity(self) -> Hashable:
        return "kpi", self.name

    @property
    def standing(self) -> Standing:
        """How it stands now: an evaluation says nothing for long."""
        at, standing, now = self.evaluated_at, self._standing, self._clock.now()
        if at is None or now - at <= 3 * self.settings.every + 10:
            return standing
        reason = f"not evaluated for {now - at:.0f} s; it was {standing.state.words}"
        return Standing(KpiState.UNKNOWN, at, reason)

    def evaluate(self, at: int, ask: Ask) -> Samples:
        judged: tuple[Judged, ...] = ()
        try:
            judged = self._judge(ask(self.settings.expression, at))
            state, reason = judged[0].state, self._reason(judged)
        except QueryError as error:
            if error.type == "canceled":
                raise
            state, reason = KpiState.UNKNOWN, str(error)
        except OpsbookError as error:
            state, reason = KpiState.UNKNOWN, str(error)
        since = self._since(state, at, ask)
        self._standing = Standing(state, since, reason, judged)
        self.evaluated_at = self._clock.now()
        return self._samples(self._standing)

    def adopt(self, before: Rule) -> None:
        if isinstance(before, Kpi):
            self._standing, self.evaluated_at = before._standing, before.evaluated_at

    def _judge(self, result: Result) -> tuple[Judged, ...]:
        """Raises QueryError where there is nothing to be judged."""
        if not result.series:
            raise failed("no data: the expression found no series")
        if len(result.series) > _MOST_SERIES:
            raise failed(
                f"{len(result.series):,} series, more than {_MOST_SERIES:,}: use an aggregation"
            )
        judged = []
        for one in result.series:
            labels = tuple(pair for pair in one.labels if pair[0] != NAME)
            value = float(one.values[0])
            judged.append(Judged(labels, value, self.bands.judge(value)))
        return tuple(sorted(judged, key=self._worst_first))

    def _worst_first(self, one: Judged) -> tuple[int, float]:
        known = not math.isnan(one.value)
        return -one.state.severity, self.bands.margin(one.value) if known else 0.0

    def _reason(self, judged: tuple[Judged, ...]) -> str:
        worst = judged[0]
        if worst.state is KpiState.MET:
            return ""
        # With one series there is nothing to tell apart.
        of = f" of {format_labels(worst.labels)}" if worst.labels and len(judged) > 1 else ""
        alike = sum(each.state is worst.state for each in judged)
        count = f" ({alike} of {len(judged)} series)" if len(judged) > 1 else ""
        if worst.state is KpiState.UNKNOWN:
            return f"the value{of} is not a number, such as of 0 / 0{count}"
        return f"{self.unit.text(worst.value)}{of}{self._missed(worst.state)}{count}"

    def _missed(self, state: KpiState) -> str:
        if state is KpiState.CRITICAL and self.bands.critical is not None:
            return f" is {self.bands.critical.text}"
        if state is KpiState.WARNING and self.bands.warning is not None:
            return f" is {self.bands.warning.text}"
        return f" is not {self.bands.target.text}"

    def _since(self, state: KpiState, at: int, ask: Ask) -> float:
        if self.evaluated_at is None:
            self._before = self._recall(at, ask)
        before = self._before
        if state is not KpiState.UNKNOWN:
            self._before = None  # until then, too little was measured since the start
        if before is not None and before[0] == state:
            return before[1]
        return self._standing.since if self._standing.state is state else at / 1000

    def _recall(self, at: int, ask: Ask) -> tuple[str, float] | None:
        """The state before this process was started, and since when; None without one."""
        me = f'kpi="{self.name}"'
        was = f"last_over_time({STATE}{{{me}}}[{_REMEMBERED}]) == 1"
        since = f"last_over_time({SINCE}{{{me}}}[{_REMEMBERED}])"
        try:
            found = ask(f"({was}) * on (kpi) group_left () {since}", at).series
        except OpsbookError:
            return None  # the trouble that makes the KPI itself unknown
        return (dict(found[0].labels)["state"], float(found[0].values[0])) if found else None

    def _samples(self, standing: Standing) -> Samples:
        own = {"kpi": self.name}
        samples = {
            labels_of({NAME: STATE, **own, "state": state}): float(state is standing.state)
            for state in KpiState
        }
        samples[labels_of({NAME: SINCE, **own})] = standing.since
        for each in standing.judged:
            samples[self._value_labels(each.labels)] = each.value
        return samples

    def _value_labels(self, labels: Labels) -> Labels:
        """As of a scrape: a label that is ours goes on under another name."""
        given = {"exported_kpi" if name == "kpi" else name: value for name, value in labels}
        return labels_of({**given, NAME: VALUE, "kpi": self.name})
