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


def check_problems(checks: Checks, services: Dependencies, source: Source) -> list[Problem]:
    """Unknown names, and checks that are behind each other in a circle."""
    problems = []
    for name, settings in checks.items():
        at = ("checks", name)
        problems += unknown_names((*at, "behind"), settings.behind, checks, source)
        if settings.service is not None:
            problems += unknown_names((*at, "service"), [settings.service], services, source)
    return problems + ([] if problems else _circles(checks, services, source))


def parents(checks: Checks, services: Dependencies) -> dict[str, tuple[str, ...]]:
    """For each check those that it is behind: its own list, and all checks of the services
    on which its service depends."""
    of_service: dict[str, list[str]] = {}
    for name, settings in checks.items():
        if settings.service is not None:
            of_service.setdefault(settings.service, []).append(name)
    return {
        name: tuple(
            dict.fromkeys(
                [
                    *settings.behind,
                    *(
                        parent
                        for needed in services.get(settings.service or "", [])
                        for parent in of_service.get(needed, [])
                    ),
                ]
            )
        )
        for name, settings in checks.items()
    }


def _circles(checks: Checks, services: Dependencies, source: Source) -> list[Problem]:
    if circles(services):
        return []  # told where the services are declared
    problems = []
    for circle in circles(parents(checks, services)):
        path = ("checks", circle[0])
        what = f"checks are behind each other in a circle (got {' → '.join([*circle, circle[0]])})"
        problems.append(Problem(source.mark(path), dotted(path), what, "remove one `behind`"))
    return problems
