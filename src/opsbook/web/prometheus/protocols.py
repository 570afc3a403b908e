"""What the API has to know of those who scrape, evaluate rules and take remote writes."""

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

from opsbook.core.labels import Labels
from opsbook.metrics.rules.spec import RuleSpec
from opsbook.metrics.rules.status import GroupStatus
from opsbook.metrics.scraping.status import DroppedTarget, TargetStatus


class Targets(Protocol):
    """Whoever scrapes."""

    def targets(self) -> Sequence[TargetStatus]: ...

    def dropped(self) -> Sequence[DroppedTarget]: ...


class Written(Protocol):
    """What became of a remote write: a status code of HTTP, and a text for its sender."""

    @property
    def status(self) -> int: ...

    @property
    def text(self) -> str: ...


class Receiver(Protocol):
    """Whoever takes remote writes. Blocks."""

    def receive(self, body: bytes, content_type: str, content_encoding: str) -> Written: ...


class Alert(Protocol):
    """One series for which a rule holds. Times in seconds since 1970."""

    @property
    def labels(self) -> Labels: ...

    @property
    def annotations(self) -> Labels: ...

    @property
    def state(self) -> Literal["pending", "firing"]: ...

    @property
    def active_at(self) -> float: ...

    @property
    def keep_firing_since(self) -> float | None: ...

    @property
    def value(self) -> float: ...


@runtime_checkable
class DeclaredRule(Protocol):
    """A rule that stands in a rule file."""

    @property
    def spec(self) -> RuleSpec: ...


@runtime_checkable
class AlertingRule(Protocol):
    """One that raises alerts."""

    @property
    def spec(self) -> RuleSpec: ...

    @property
    def state(self) -> Literal["inactive", "pending", "firing"]: ...

    @property
    def alerts(self) -> Sequence[Alert]:
        """Those that are pending or firing."""
        ...


class RuleGroups(Protocol):
    """Whoever evaluates rules."""

    def status(self) -> Sequence[GroupStatus]: ...
