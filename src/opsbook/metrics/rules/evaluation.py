"""One rule while it lives: what it gave the last time, and how it stands."""

import logging
import time
from typing import Protocol

from opsbook.core.errors import OpsbookError
from opsbook.core.labels import Labels
from opsbook.metrics.model import STALE
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.rules.rule import Ask, Rule, Samples
from opsbook.metrics.rules.status import Health, RuleStatus
from opsbook.metrics.store import Receipt

logger = logging.getLogger(__name__)


class Keeps(Protocol):
    """Where samples go: a store, or what stands for one."""

    def append(self, group: str, at: int, samples: Samples) -> Receipt: ...


class Evaluation:
    """Evaluates one rule, keeps its samples, and ends the series that it gives no more."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.series: frozenset[Labels] = frozenset()
        """What the last evaluation that went well gave."""
        self._health: Health = "unknown"
        self._error = ""
        self._last: float | None = None
        self._duration: float | None = None
        self._samples = 0

    def evaluate(self, group: str, at: int, ask: Ask, keeps: Keeps) -> None:
        """Once, at a time in ms. Raises nothing: what goes wrong is told by `status`."""
        self._last, started = time.time(), time.perf_counter()
        try:
            error = self._take(group, at, self.rule.evaluate(at, ask), keeps)
        except OpsbookError as refused:
            if isinstance(refused, QueryError) and refused.type == "canceled":
                return  # whoever runs the groups has stopped: that says nothing of the rule
            error = str(refused)
        except Exception as fault:  # a fault of our own must not end the other rules
            logger.exception("rule %s failed", self.rule.name)
            error = f"{type(fault).__name__}: {fault}"
        self._duration = time.perf_counter() - started
        if error and error != self._error:
            logger.warning("rule %s of %s: %s", self.rule.name, group, error)
        self._health, self._error = ("err" if error else "ok"), error

    def adopt(self, before: "Evaluation") -> None:
        """Go on where the same rule was before the files were read again."""
        self.series = before.series
        self._health, self._error = before._health, before._error
        self._last, self._duration = before._last, before._duration
        self._samples = before._samples
        self.rule.adopt(before.rule)

    @property
    def status(self) -> RuleStatus:
        return RuleStatus(
            self.rule, self._health, self._error, self._last, self._duration, self._samples
        )

    def _take(self, group: str, at: int, samples: Samples, keeps: Keeps) -> str:
        """What the store refused, in words."""
        receipt = keeps.append(group, at, samples) if samples else Receipt(0)
        ended = self.series.difference(samples)
        if ended:
            # Whether another rule gives them now is the store's to see: it keeps the first.
            keeps.append(group, at, dict.fromkeys(ended, float(STALE)))
        self.series, self._samples = frozenset(samples), receipt.taken + receipt.repeated
        refused = (f"{count} samples refused: {why}" for why, count in receipt.refused.items())
        return "; ".join(refused)
