"""Names in a book that have to stand for something."""

from collections.abc import Iterable, Mapping

from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.errors import nearest


def unknown_names(
    path: Path_, names: Iterable[str], known: Mapping[str, object], source: Source
) -> list[Problem]:
    """A problem for each of the names in the list at `path` that is not known."""
    problems = []
    for index, name in enumerate(names):
        if name not in known:
            meant = nearest(name, known)
            remedy = f"did you mean {meant}?" if meant else f"known: {', '.join(known) or 'none'}"
            place = (*path, index) if (*path, index) in source.values else path
            what = f"no such name (got {name!r})"
            problems.append(Problem(source.mark(place), dotted(place), what, remedy))
    return problems
