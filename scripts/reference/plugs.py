"""What may be plugged in, one file each: probes, controllers, stores, notifiers, steps, faults,
sources and destinations of backups."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from opsbook.alerts.configuration.inheritance import SUFFIX
from opsbook.alerts.notifier import notifier_kinds
from opsbook.backups.destination import destination_kinds
from opsbook.backups.source import source_kinds
from opsbook.core.registry import Registry
from opsbook.databases.engine import engine_kinds
from opsbook.drills.fault import fault_kinds
from opsbook.metrics.store import store_kinds
from opsbook.probes.probe import probe_kinds
from opsbook.runbooks.action import action_kinds
from opsbook.services.controller import controller_kinds
from scripts.reference.markdown import module_text

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


@dataclass(frozen=True)
class Plug:
    """A sort of plug-in. Its pages and its examples are in folders of the same name."""

    folder: str
    noun: str
    heading: str
    """Above its kinds in the index."""
    kinds: Registry[Any]
    section: str
    """Where in the book a kind is named."""
    chosen: str
    """How it is named there, before the names."""
    beside: str
    """What else can be said there, with `{key}` for the kind's own key."""
    suffix: str = ""
    """What the key in the book has after the kind, in which `_` then stands for `-`."""
    modules_tell: bool = False
    """Whether a kind's module says for people what its key means, and its class how it works."""

    def key(self, kind: str) -> str:
        return kind.replace("-", "_") + self.suffix if self.suffix else kind

    def each(self) -> Iterator[tuple[str, type[BaseModel]]]:
        for kind in self.kinds.names():
            yield kind, self.kinds.load(kind)

    def about(self, kind: str) -> str:
        """What the kind's key means, where the module says it after the key itself."""
        if not self.modules_tell:
            return ""
        said = module_text(self.kinds.load(kind)).removeprefix(f"`{self.key(kind)}`: ")
        return said[:1].upper() + said[1:]

    def example(self, kind: str) -> str:
        """The book that shows a kind. Raises FileNotFoundError without one."""
        return (EXAMPLES / self.folder / f"{kind}.yaml").read_text(encoding="utf-8")


PLUGS = (
    Plug(
        "probes",
        "probe",
        "Probe kinds",
        probe_kinds,
        "checks",
        "Each entry names exactly one probe by its key",
        "Interval, deadline and service of the check stand beside `{key}:`, see "
        "[checks](../book.md#checks).",
    ),
    Plug(
        "controllers",
        "controller",
        "Controllers",
        controller_kinds,
        "services",
        "Each entry names exactly one controller by its key",
        "Dependencies, ports and restarts of the service stand beside `{key}:`, see "
        "[services](../book.md#services).",
    ),
    Plug(
        "stores",
        "store",
        "Stores of samples",
        store_kinds,
        "metrics",
        "It names exactly one store by its key",
        "",
    ),
    Plug(
        "notifiers",
        "notifier",
        "Notifiers",
        notifier_kinds,
        "receivers",
        "Each entry may have any of these keys, and under each of them a list of whom to tell",
        "The receiver's name stands beside `{key}:`, see [receivers](../book.md#receivers); "
        "which alerts it is told, and when, say [routes](../book.md#route). In a text (template) "
        "Go's templates are expanded, with the data and functions of Alertmanager. A file of "
        "Alertmanager holds the secrets themselves, a book says where they are.",
        SUFFIX,
        modules_tell=True,
    ),
    Plug(
        "steps",
        "step",
        "Steps of runbooks",
        action_kinds,
        "steps",
        "Each entry names exactly one kind of step by its key",
        "Name, class, precheck, verify and rollback of the step stand beside `{key}:`, see "
        "[steps](../book.md#steps). In a template, `{{{{ … }}}}` stands for a parameter or an "
        "earlier step's result, such as `{{{{ steps.NAME.FIELD }}}}`.",
    ),
    Plug(
        "faults",
        "fault",
        "Faults of drills",
        fault_kinds,
        "drills",
        "Each entry names exactly one fault by its key",
        "What must be seen of it, and for how long it lasts at most, stand beside `{key}:`, see "
        "[drills](../book.md#drills).",
    ),
    Plug(
        "sources",
        "source",
        "Sources of backups",
        source_kinds,
        "sets",
        "Each entry names exactly one source by its key",
        "Where its backups go, when, for how long they are kept and how they are proved stand "
        "beside `{key}:`, see [sets](../book.md#sets).",
    ),
    Plug(
        "destinations",
        "destination",
        "Destinations of backups",
        destination_kinds,
        "destinations",
        "Each entry names exactly one destination by its key",
        "Its description stands beside `{key}:`, see [destinations](../book.md#destinations).",
    ),
    Plug(
        "engines",
        "engine",
        "Databases",
        engine_kinds,
        "databases",
        "Each entry names exactly one kind of database by its key",
        "Limits, maintenance and baselines stand beside `{key}:`, see "
        "[databases](../book.md#databases).",
    ),
)
