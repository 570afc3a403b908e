"""Which backups are kept: history × rules × now → a verdict for each, with its reason."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import Field

from opsbook.book.fields import Duration
from opsbook.book.model import Section


class Retention(Section):
    """What is kept. A backup goes only when no rule wants it; without a rule none goes."""

    last: int = Field(default=0, ge=0)
    """So many of the newest."""
    daily: int = Field(default=0, ge=0)
    """The newest of each of so many days that have one (UTC)."""
    weekly: int = Field(default=0, ge=0)
    """The newest of each of so many weeks that have one."""
    monthly: int = Field(default=0, ge=0)
    """The newest of each of so many months that have one."""
    yearly: int = Field(default=0, ge=0)
    """The newest of each of so many years that have one."""
    keep_for: Duration | None = Field(default=None, gt=0, alias="for")
    """All that are not older than this."""
    at_least: int = Field(default=3, ge=1)
    """So many of the newest, however old they are."""

    @property
    def says_something(self) -> bool:
        """Whether any rule lets a backup go at some time."""
        counts = (self.last, self.daily, self.weekly, self.monthly, self.yearly)
        return any(counts) or self.keep_for is not None


@dataclass(frozen=True, slots=True)
class Past:
    """A backup of one set and class, at one destination."""

    id: str
    at: float
    """When it was made, in seconds since 1970."""
    verified: bool = False
    """Whether its last verification of any depth succeeded."""
    damaged: bool = False
    """Whether its last verification found it wrong: it counts for nothing."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a backup, and why, for people."""

    id: str
    keep: bool
    reason: str


def decide(history: Iterable[Past], rules: Retention, now: float) -> list[Decision]:
    """A decision for each, newest first.

    Whatever the rules say: the newest good one, the newest verified one and `at_least` good ones
    are kept, and a damaged one goes only while that many good ones are there.
    """
    newest_first = sorted(history, key=lambda each: (each.at, each.id), reverse=True)
    good = [each for each in newest_first if not each.damaged]
    reasons = _wanted(good, rules, now)
    return [_decision(each, reasons, rules, len(good), now) for each in newest_first]


def _wanted(good: list[Past], rules: Retention, now: float) -> dict[str, str]:
    """Backup → the first reason to keep it."""
    reasons: dict[str, str] = {}

    def keep(some: Iterable[Past], reason: str) -> None:
        for each in some:
            reasons.setdefault(each.id, reason)

    keep(good[:1], "the newest")
    keep([each for each in good if each.verified][:1], "the newest that was verified")
    keep(good[: rules.at_least], f"one of the {rules.at_least} that are always kept")
    if not rules.says_something:
        keep(good, "no rule lets it go")
    keep(good[: rules.last], f"one of the last {rules.last}")
    if rules.keep_for is not None:
        young = [each for each in good if now - each.at <= rules.keep_for]
        keep(young, "not old enough to go")
    for name, count, period in _periods(rules):
        keep(_newest_of_each(good, period)[:count], f"{name}, one of {count}")
    return reasons


def _periods(rules: Retention) -> list[tuple[str, int, Callable[[datetime], object]]]:
    return [
        ("daily", rules.daily, lambda at: at.date()),
        ("weekly", rules.weekly, lambda at: at.isocalendar()[:2]),
        ("monthly", rules.monthly, lambda at: (at.year, at.month)),
        ("yearly", rules.yearly, lambda at: at.year),
    ]


def _newest_of_each(good: list[Past], period: Callable[[datetime], object]) -> list[Past]:
    found: dict[object, Past] = {}
    for each in good:
        found.setdefault(period(datetime.fromtimestamp(each.at, UTC)), each)
    return list(found.values())


def _decision(
    each: Past, reasons: dict[str, str], rules: Retention, good: int, now: float
) -> Decision:
    if not each.damaged:
        reason = reasons.get(each.id)
        return Decision(each.id, reason is not None, reason or "no rule wants it any more")
    young = rules.keep_for is not None and now - each.at <= rules.keep_for
    if young or not rules.says_something:
        return Decision(each.id, True, "damaged, and not old enough to go")
    if good < rules.at_least:
        return Decision(each.id, True, f"damaged, and only {good} good ones are there")
    return Decision(each.id, False, f"damaged, and {good} good ones are there")
