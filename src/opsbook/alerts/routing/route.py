"""The tree of routes: where an alert goes, and how its group is told there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from opsbook.alerts.routing.matchers import format_matchers, in_order
from opsbook.core.labels import Labels
from opsbook.metrics.matching import matching
from opsbook.metrics.model import Matcher

ALL = ("...",)
"""Group by every label: each alert is a group of its own."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a route tells; a route has its parent's where it says nothing. In seconds."""

    receiver: str
    group_by: tuple[str, ...] = ()
    """Labels, or ALL."""
    group_wait: float = 30.0
    """A new group is told after this, so that what comes together is told together."""
    group_interval: float = 300.0
    """A group that has changed is told again after this, at the earliest."""
    repeat_interval: float = 14_400.0
    """A group that has not changed is told again after this."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One route as it is declared."""

    matchers: tuple[Matcher, ...] = ()
    goes_on: bool = False
    """Whether the routes behind it are asked even where it matches (`continue`)."""
    mute: tuple[str, ...] = ()
    """Names of time intervals in which it tells nothing…"""
    active: tuple[str, ...] = ()
    """…and of those outside of which it tells nothing, if there are any."""
    receiver: str | None = None
    group_by: tuple[str, ...] | None = None
    group_wait: float | None = None
    group_interval: float | None = None
    repeat_interval: float | None = None
    routes: tuple["Branch", ...] = ()


@dataclass(frozen=True, eq=False)
class Route:
    """A node of the tree, with what it has from its parents."""

    key: str
    """Its matchers after those of its parents: `{}/{severity="critical"}`. Not unique."""
    number: int
    """Its place in the order in which the tree is read."""
    manner: Manner
    mute: tuple[str, ...]
    active: tuple[str, ...]
    goes_on: bool
    matchers: tuple[Matcher, ...]
    routes: tuple["Route", ...] = ()
    matches: Callable[[Labels], bool] = field(default=lambda labels: True, repr=False)

    def find(self, labels: Labels) -> list["Route"]:
        """The routes that an alert takes, at least this one; none if it does not match."""
        if not self.matches(labels):
            return []
        found: list[Route] = []
        for route in self.routes:
            below = route.find(labels)
            found += below
            if below and not route.goes_on:
                break
        return found or [self]

    def group_labels(self, labels: Labels) -> Labels:
        """What tells the alert's group from the route's others."""
        by = self.manner.group_by
        if by == ALL:
            return labels
        return tuple(pair for pair in labels if pair[0] in by)

    def group_key(self, labels: Labels) -> str:
        """What a group is called in notices: `{}/{a="b"}:{alertname="Down"}`."""
        pairs = ", ".join(f'{name}="{_escaped(value)}"' for name, value in labels)
        return f"{self.key}:{{{pairs}}}"

    def all(self) -> Iterator["Route"]:
        """This route and all below it."""
        yield self
        for route in self.routes:
            yield from route.all()


def plant(root: Branch) -> Route:
    """The tree of a root, which needs a receiver and takes every alert."""
    if root.receiver is None:
        raise ValueError("the root route needs a receiver")
    return _grow(root, Manner(root.receiver), "", iter(range(1_000_000)))


def _grow(branch: Branch, parent: Manner, path: str, numbers: Iterator[int]) -> Route:
    own: dict[str, Any] = {each.name: getattr(branch, each.name) for each in fields(Manner)}
    said = {name: value for name, value in own.items() if value is not None}
    manner = replace(parent, **said)
    matchers = in_order(branch.matchers)
    key = (f"{path}/" if path else "") + format_matchers(matchers)
    return Route(
        key=key,
        number=next(numbers),
        manner=manner,
        mute=branch.mute,
        active=branch.active,
        goes_on=branch.goes_on,
        matchers=matchers,
        matches=matching(matchers),
        routes=tuple(_grow(below, manner, key, numbers) for below in branch.routes),
    )


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
