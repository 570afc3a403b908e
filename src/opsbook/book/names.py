"""Names in a book that have to stand for something."""

from collections.abc import Iterable, Mapping

from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.errors import hint_for


def unknown_names(
    path: Path_, names: Iterable[str], known: Mapping[str, object], source: Source
) -> list[Problem]:
    """A problem for each of the names in the list at `path` that is not known."""
    problems = []
    for index, name in enumerate(names):
        if name not in known:
            remedy = hint_for(name, known)
            place = (*path, index) if (*path, index) in source.values else path
            what = f"no such name (got {name!r})"
            problems.append(Problem(source.mark(place), dotted(place), what, remedy))
    return problems
