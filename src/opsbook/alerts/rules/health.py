"""Rules that say nothing because nothing is measured: never silently healthy."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from opsbook.alerts.rules.alerting import AlertingRule
from opsbook.core.labels import NAME
from opsbook.metrics.durations import format_duration
from opsbook.metrics.model import Matcher
from opsbook.metrics.promql.nodes import (
    Aggregate,
    Binary,
    Call,
    Negative,
    Node,
    RangeSelector,
    Selector,
    Subquery,
)
from opsbook.metrics.promql.parse import parse
from opsbook.metrics.querier import Querier
from opsbook.metrics.rules.recording import RecordingRule
from opsbook.metrics.rules.status import GroupStatus, RuleStatus
from opsbook.metrics.store import Store

_PLAIN = re.compile(r"[a-zA-Z_:][\w:]*", re.ASCII)
_SPEAK_OF_NOTHING = ("absent", "absent_over_time")
"""Their rules fire where nothing is measured."""

Standing = Literal["ok", "error", "not evaluated", "no data", "never had data"]


@dataclass(frozen=True, slots=True)
class SelectorHealth:
    """One selector of a rule's expression."""

    text: str
    ever: bool
    """Whether it has matched a series since the store remembers."""
    lately: bool
    """Whether it has matched one in the declared time."""


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """What one rule can be trusted with."""

    file: str
    group: str
    rule: str
    standing: Standing
    error: str
    selectors: tuple[SelectorHealth, ...]


class HealthOfRules:
    """Asks the store, not the rules: whatever is asked for has been measured, or not."""

    def __init__(self, store: Store, querier: Querier, within: float) -> None:
        """A series that was not seen `within` so many seconds counts as no data."""
        self._store, self._querier = store, querier
        self._within = format_duration(within)

    def of(self, groups: Iterable[GroupStatus], at: int) -> list[RuleHealth]:
        """Those that have an expression, at a time in ms. Blocks; raises OpsbookError."""
        return [
            self._of_rule(group, one, one.rule.spec.expr, at)
            for group in groups
            for one in group.rules
            if isinstance(one.rule, AlertingRule | RecordingRule)
        ]

    def _of_rule(self, group: GroupStatus, one: RuleStatus, expression: str, at: int) -> RuleHealth:
        found = tuple(self._of_selector(each, at) for each in selectors(expression))
        standing = _standing(one, found)
        return RuleHealth(group.file, group.name, one.rule.name, standing, one.error, found)

    def _of_selector(self, matchers: tuple[Matcher, ...], at: int) -> SelectorHealth:
        text = selector_text(matchers)
        if not self._store.matching(matchers, 0, at):
            return SelectorHealth(text, ever=False, lately=False)
        counted = f"count(count_over_time({text}[{self._within}]))"
        lately = bool(self._querier.instant(counted, at).series)
        return SelectorHealth(text, ever=True, lately=lately)


@lru_cache(maxsize=4096)
def selectors(expression: str) -> tuple[tuple[Matcher, ...], ...]:
    """Each once, without those that are there to match nothing. Raises QueryError."""
    return tuple(dict.fromkeys(each.matchers for each in _within(parse(expression))))


def selector_text(matchers: Sequence[Matcher]) -> str:
    """As PromQL has it."""
    named = next((m for m in matchers if (m.name, m.op) == (NAME, "=")), None)
    parts = [f"{_name(m.name)}{m.op}{_quoted(m.value)}" for m in matchers if m is not named]
    name = _name(named.value) if named is not None else ""
    if name.startswith('"'):
        parts, name = [name, *parts], ""
    return f"{name}{{{', '.join(parts)}}}" if parts else name


def _name(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _standing(one: RuleStatus, found: Sequence[SelectorHealth]) -> Standing:
    if one.health == "err":
        return "error"
    if not all(each.ever for each in found):
        return "never had data"
    if not all(each.lately for each in found):
        return "no data"
    return "ok" if one.health == "ok" else "not evaluated"


def _within(node: Node) -> Iterator[Selector]:
    match node:
        case Selector():
            yield node
        case RangeSelector(selector=selector):
            yield selector
        case Subquery(inner=inner) | Negative(inner=inner):
            yield from _within(inner)
        case Call(name=name, args=args):
            if name not in _SPEAK_OF_NOTHING:
                for arg in args:
                    yield from _within(arg)
        case Aggregate(inner=inner, param=param):
            yield from _within(inner)
            if param is not None:
                yield from _within(param)
        case Binary(left=left, right=right):
            yield from _within(left)
            yield from _within(right)
