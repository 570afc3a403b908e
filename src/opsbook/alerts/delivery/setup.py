"""What delivery works by: the tree of routes and everything that it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opsbook.alerts.notifier import Notifier
from opsbook.alerts.routing.inhibition import InhibitionRule
from opsbook.alerts.routing.intervals import TimeInterval
from opsbook.alerts.routing.route import Route
from opsbook.alerts.templates.notices import NoticeTemplates


@dataclass(frozen=True)
class Receiver:
    """Who is told, by each of its entries."""

    name: str
    entries: Mapping[str, Notifier] = field(default_factory=dict)
    """`webhook[0]` → how that one is told."""
    fallback: str | None = None
    """The receiver that is told when an entry of this one cannot be reached."""


@dataclass(frozen=True)
class Setup:
    """A configuration that was found good."""

    root: Route
    receivers: Mapping[str, Receiver]
    templates: NoticeTemplates
    intervals: Mapping[str, Sequence[TimeInterval]] = field(default_factory=dict)
    inhibitions: Sequence[InhibitionRule] = ()
    resolve_timeout: float = 300.0
    """An alert without an end is taken to have ended if nobody repeats it for so long."""

    def notifier(self, receiver: str, entry: str) -> Notifier | None:
        known = self.receivers.get(receiver)
        return known.entries.get(entry) if known else None
