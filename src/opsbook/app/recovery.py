"""The runbooks of a book, with those that its plans of recovery become."""

from graphlib import TopologicalSorter

from opsbook.app.book import Book, dependencies, provers
from opsbook.runbooks.recovery.expansion import (
    Surroundings,
    recovery_runbook,
    rehearsal_runbook,
)
from opsbook.runbooks.settings import RunbookSettings


def runbooks_of(book: Book) -> dict[str, RunbookSettings]:
    """Name → runbook; `recover-PLAN` and `rehearse-PLAN` beside the declared ones."""
    found = dict(book.runbooks)
    for name, plan in book.recovery.items():
        found[f"recover-{name}"] = recovery_runbook(plan, _surroundings(book, plan.sets))
        if plan.rehearse is not None:
            found[f"rehearse-{name}"] = rehearsal_runbook(plan, plan.rehearse)
    return found


def _surroundings(book: Book, sets: list[str]) -> Surroundings:
    declared = book.backups.sets if book.backups else {}
    places = {name: declared[name].source.places for name in sets}
    order = list(TopologicalSorter(dependencies(book)).static_order())
    return Surroundings(places, order, provers(book))
