"""What the API shows besides samples: whatever a platform does not have stays empty."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from opsbook.metrics.metadata import Catalogue
from opsbook.metrics.promql.query import Limits
from opsbook.metrics.rules.status import GroupStatus
from opsbook.metrics.scraping.status import DroppedTarget, TargetStatus
from opsbook.web.prometheus.protocols import Receiver, RuleGroups, Targets


class Nobody:
    """No targets and no rules."""

    def targets(self) -> Sequence[TargetStatus]:
        return ()

    def dropped(self) -> Sequence[DroppedTarget]:
        return ()

    def status(self) -> Sequence[GroupStatus]:
        return ()


@dataclass(frozen=True, slots=True)
class Sources:
    """May be asked from any thread."""

    catalogue: Catalogue = field(default_factory=Catalogue)
    targets: Targets = field(default_factory=Nobody)
    rules: RuleGroups = field(default_factory=Nobody)
    receiver: Receiver | None = None
    external_labels: Mapping[str, str] = field(default_factory=dict)
    """Put on what is federated, where a series has no such label."""
    configuration: Callable[[], str] = str
    """What `status/config` shows; must hold no secrets."""
    limits: Limits = field(default_factory=Limits)
    """Of a query."""
