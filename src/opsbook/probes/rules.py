"""What must hold between the checks of a book and the services they are about."""

from collections.abc import Mapping

from opsbook.book.graph import circles
from opsbook.book.names import unknown_names
from opsbook.book.problems import Problem
from opsbook.book.source import Source, dotted
from opsbook.probes.settings import CheckSettings

Checks = Mapping[str, CheckSettings]
Dependencies = Mapping[str, list[str]]
"""For each service the services that it depends on."""
Provers = Mapping[str, list[str]]
"""For each service the checks whose failure means that it does not serve."""


def check_problems(
    checks: Checks, services: Dependencies, provers: Provers, source: Source
) -> list[Problem]:
    """Unknown names, and checks that are behind each other in a circle."""
    problems = []
    for name, settings in checks.items():
        at = ("checks", name)
        problems += unknown_names((*at, "behind"), settings.behind, checks, source)
        if settings.service is not None:
            problems += unknown_names((*at, "service"), [settings.service], services, source)
    return problems + ([] if problems else _circles(checks, services, provers, source))


def parents(checks: Checks, services: Dependencies, provers: Provers) -> dict[str, tuple[str, ...]]:
    """For each check those that it is behind: its own list, and the checks that prove the
    services on which its service depends."""
    return {
        name: tuple(dict.fromkeys([*settings.behind, *_above(settings.service, services, provers)]))
        for name, settings in checks.items()
    }


def _above(service: str | None, services: Dependencies, provers: Provers) -> list[str]:
    needed = services.get(service, []) if service is not None else []
    return [prover for name in needed for prover in provers.get(name, [])]


def _circles(
    checks: Checks, services: Dependencies, provers: Provers, source: Source
) -> list[Problem]:
    if circles(services):
        return []  # told where the services are declared
    problems = []
    for circle in circles(parents(checks, services, provers)):
        path = ("checks", circle[0])
        what = f"checks are behind each other in a circle (got {' → '.join([*circle, circle[0]])})"
        problems.append(Problem(source.mark(path), dotted(path), what, "remove one `behind`"))
    return problems
