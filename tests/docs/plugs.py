"""All kinds of plug-ins, by the folder of their examples, and how a book is seen to use one."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opsbook.alerts.notifier import notifier_kinds
from opsbook.app.book import Book
from opsbook.backups.destination import destination_kinds
from opsbook.backups.source import source_kinds
from opsbook.core.registry import Registry
from opsbook.databases.engine import engine_kinds
from opsbook.drills.fault import fault_kinds
from opsbook.metrics.store import store_kinds
from opsbook.probes.probe import probe_kinds
from opsbook.runbooks.action import action_kinds
from opsbook.runbooks.settings import walk
from opsbook.services.controller import controller_kinds

REGISTRIES: Mapping[str, Registry[Any]] = {
    "probes": probe_kinds,
    "controllers": controller_kinds,
    "stores": store_kinds,
    "notifiers": notifier_kinds,
    "steps": action_kinds,
    "faults": fault_kinds,
    "sources": source_kinds,
    "destinations": destination_kinds,
    "engines": engine_kinds,
}
KINDS = [(plugs, kind) for plugs, registry in REGISTRIES.items() for kind in registry.names()]


def used(plugs: str, book: Book) -> set[str]:
    """The kinds of these plug-ins that a book uses."""
    classes = {type(each) for each in _USED[plugs](book)}
    registry = REGISTRIES[plugs]
    return {kind for kind in registry.names() if registry.load(kind) in classes}


def _notifiers(book: Book) -> Iterable[object]:
    receivers = book.alerts.receivers if book.alerts else ()
    return [notifier for each in receivers for _, _, notifier in each.entries()]


def _steps(book: Book) -> Iterable[object]:
    return [step.action for each in book.runbooks.values() for step in walk(each.steps)]


_USED: Mapping[str, Callable[[Book], Iterable[object]]] = {
    "probes": lambda book: [each.probe for each in book.checks.values()],
    "controllers": lambda book: [each.controller for each in book.services.values()],
    "stores": lambda book: [book.metrics.store] if book.metrics else [],
    "notifiers": _notifiers,
    "steps": _steps,
    "faults": lambda book: [each.fault for each in book.drills.values()],
    "sources": lambda book: [each.source for each in book.backups.sets.values()],  # type: ignore[union-attr]
    "destinations": lambda book: [each.destination for each in book.backups.destinations.values()],  # type: ignore[union-attr]
    "engines": lambda book: [each.engine for each in book.databases.values()],
}
