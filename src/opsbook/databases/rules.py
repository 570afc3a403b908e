"""What must hold inside of a book's `databases:`."""

from collections.abc import Iterable, Mapping

from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.databases.settings import DatabaseSettings


def database_problems(databases: Mapping[str, DatabaseSettings], source: Source) -> list[Problem]:
    """Limits, steps and baselines of which the kind of the database knows nothing."""
    problems = []
    for name, settings in databases.items():
        at: Path_ = ("databases", name)
        engine, kind = settings.engine, settings.kind
        problems += [
            _strange((*at, "limits", limit), kind, limit, engine.limited, source)
            for limit in settings.limits.model_fields_set - engine.limited
        ]
        problems += [
            _strange((*at, "maintain", index, step.kind), kind, step.kind, engine.steps, source)
            for index, step in enumerate(settings.maintain)
            if step.kind not in engine.steps
        ]
        if settings.baselines and not engine.has_baselines:
            problems.append(_strange((*at, "baselines"), kind, "baselines", (), source))
    return problems


def _strange(place: Path_, kind: str, what: str, known: Iterable[str], source: Source) -> Problem:
    said = f"{kind} knows no such thing (got {what!r})"
    remedy = f"known: {', '.join(sorted(known))}" if known else "leave it out"
    return Problem(source.mark(place), dotted(place), said, remedy)
