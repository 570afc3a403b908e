"""Groups: alerts of one route with the same group labels are told together."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from opsbook.alerts.model import Alert
from opsbook.alerts.routing.route import Route
from opsbook.core.labels import Labels


@dataclass(eq=False)
class Group:
    """What one route tells together, and when next. `due` is in monotonic seconds."""

    route: Route
    labels: Labels
    key: str
    due: float
    flushed: bool = False
    alerts: dict[str, Alert] = field(default_factory=dict)

    def in_order(self) -> tuple[Alert, ...]:
        """As they are shown."""
        return in_order(self.alerts.values())


def in_order(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """By job, by instance, then by all labels."""
    return tuple(sorted(alerts, key=_order))


def _order(alert: Alert) -> tuple[str, str, Labels]:
    job = instance = ""
    for name, value in alert.labels:
        if name == "job":
            job = value
        elif name == "instance":
            instance = value
    return job, instance, alert.labels


class Groups:
    """All groups of a tree of routes, by when they are due."""

    def __init__(self) -> None:
        self._groups: dict[tuple[int, Labels], Group] = {}
        self._due: list[tuple[float, int, Group]] = []
        self._numbers = count()

    def __iter__(self) -> Iterator[Group]:
        return iter(tuple(self._groups.values()))

    def __len__(self) -> int:
        return len(self._groups)

    def insert(self, route: Route, alert: Alert, now: float, monotonic: float) -> Group:
        """Put an alert into its group. A new group waits for more of its kind, unless the
        alert has waited for so long already, such as before a restart."""
        labels = route.group_labels(alert.labels)
        group = self._groups.get((route.number, labels))
        wait = route.manner.group_wait
        if group is None:
            group = Group(route, labels, route.group_key(labels), monotonic + wait)
            self._groups[route.number, labels] = group
            self._schedule(group)
        group.alerts[alert.fingerprint] = alert
        if not group.flushed and alert.starts_at + wait < now and group.due > monotonic:
            group.due = monotonic
            self._schedule(group)
        return group

    def renew(self, alerts: Iterable[Alert]) -> None:
        """The same alerts with other times: that is nothing to be told."""
        known = {alert.fingerprint: alert for alert in alerts}
        for group in self._groups.values():
            group.alerts.update((each, known[each]) for each in group.alerts.keys() & known)

    @property
    def next_due(self) -> float | None:
        """When the next group is to be told, in monotonic seconds."""
        while self._due and not self._is_current(self._due[0]):
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def due(self, monotonic: float) -> list[Group]:
        """The groups to tell now; each is due again after its interval."""
        found = []
        while (at := self.next_due) is not None and at <= monotonic:
            _, _, group = heapq.heappop(self._due)
            group.flushed = True
            group.due = monotonic + group.route.manner.group_interval
            self._schedule(group)
            found.append(group)
        return found

    def again(self, group: Group, monotonic: float) -> None:
        """It could not be told: try again then."""
        group.due = monotonic
        self._schedule(group)

    def told(self, group: Group, alerts: tuple[Alert, ...], now: float) -> None:
        """What had ended has been told and may go, unless it came again meanwhile."""
        for alert in alerts:
            if alert.resolved(now) and group.alerts.get(alert.fingerprint) is alert:
                del group.alerts[alert.fingerprint]
        if not group.alerts:
            self._groups.pop((group.route.number, group.labels), None)
            group.due = -1.0

    def _schedule(self, group: Group) -> None:
        heapq.heappush(self._due, (group.due, next(self._numbers), group))

    def _is_current(self, entry: tuple[float, int, Group]) -> bool:
        """A group that was moved or has gone stands in the heap still, at its old time."""
        return entry[0] == entry[2].due
