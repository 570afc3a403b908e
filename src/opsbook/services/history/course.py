"""The course of a check or a service, entry by entry."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from opsbook.probes.model import State, worst
from opsbook.services.history.changes import CHECK_KIND, Change, Record, checked

_DOWN = {
    "service.died": "how",
    "service.unwell": "message",
    "service.restart": "reason",
    "service.restart_failed": "reason",
    "service.needs_person": "reason",
}
"""Kinds that say that a service does not work, and where they say why."""
_ORDER_ENDS = ("service.verified", "service.order_failed")


class Course(ABC):
    """Takes entries in the order of their numbers and collects the changes."""

    def __init__(self, checks: Iterable[str], service: str | None) -> None:
        self.checks: dict[str, State | None] = dict.fromkeys(checks)
        """How each is; None while nothing is known of it."""
        self.service = service
        self.changes: list[Change] = []
        self._beneath: dict[str, State] = {}
        """Of checks in maintenance, how they are when it is over."""

    def lost(self, at: float, entry: int, message: str) -> None:
        """Nobody knows anything from here on, until it is looked at again."""
        self.checks = dict.fromkeys(self.checks)
        self._beneath.clear()
        if self.changes:
            at = max(at, self.changes[-1].at)
        self.changes.append(Change(at, None, State.UNKNOWN, None, message, entry))

    def take(self, record: Record) -> None:
        """An entry about the service or one of its checks."""
        if record.kind == CHECK_KIND:
            self._take_check(record)
            return
        if record.kind in _ORDER_ENDS:
            self.checks |= self._beneath
            self._beneath.clear()
        self._take_service(record)

    @abstractmethod
    def _held(self) -> State | None:
        """How it is now."""

    @abstractmethod
    def _take_service(self, record: Record) -> None:
        """An entry about the service itself."""

    def _take_check(self, record: Record) -> None:
        body, name = record.body, record.subject
        state = self.checks[name] = checked(body)
        self._beneath.pop(name, None)
        if state is State.MAINTENANCE:
            self._beneath[name] = State(body["after"])
        self._add(record, state, name, body["message"])

    def _add(self, record: Record, state: State, check: str | None, message: str) -> None:
        change = Change(record.at, self._held(), state, check, message, record.seq)
        self.changes.append(change)


class CheckCourse(Course):
    """One check. The life of its service only tells when maintenance by order is over."""

    def __init__(self, name: str, service: str | None) -> None:
        super().__init__([name], service)
        self._name = name

    def _held(self) -> State | None:
        return self.checks[self._name]

    def _take_service(self, record: Record) -> None:
        held = self._held()
        if held is not None and self.changes and held is not self.changes[-1].held:
            self._add(record, held, self._name, "maintenance by order is over")


class ServiceCourse(Course):
    """A service: its own life, and the worst of its checks."""

    def __init__(self, name: str, checks: Iterable[str]) -> None:
        super().__init__(checks, name)
        self._own: State | None = None
        self._before_order: State | None = None

    def lost(self, at: float, entry: int, message: str) -> None:
        self._own = self._before_order = None
        super().lost(at, entry, message)

    def _held(self) -> State | None:
        """As people were shown it: its own life goes before its checks. A check of which
        nothing is known says nothing, for it may be younger than the service."""
        if self._own is not State.UP:
            return self._own
        known = [each for each in self.checks.values() if each is not None]
        return worst(known) if known else None

    def _take_service(self, record: Record) -> None:
        kind, body = record.kind, record.body
        if kind in _DOWN:
            self._live(record, State.DOWN, body[_DOWN[kind]])
        elif kind == "service.verified":
            self._live(record, State.UP, "its checks are well")
        elif kind == "service.ordered":
            if self._own is not State.MAINTENANCE:
                self._before_order = self._own
            self._live(record, State.MAINTENANCE, f"{body['verb']} by {body['by']}: {body['why']}")
        elif kind == "service.stopped":
            # If it is not well after a start, it is as it was without one: down.
            self._before_order = State.DOWN
            self._live(record, State.MAINTENANCE, f"stopped by {record.actor}")
        elif kind == "service.order_failed":
            own = self._before_order if self._own is State.MAINTENANCE else self._own
            self._live(record, own, body["reason"], State.DEGRADED)
        else:
            self._live(record, None, "being started")

    def _live(
        self, record: Record, own: State | None, message: str, told: State | None = None
    ) -> None:
        self._own = own
        self._add(record, told or own or State.UNKNOWN, None, message)
