"""What must hold between the services of a book, beyond each one's own settings."""

from collections.abc import Mapping

from opsbook.book.graph import circles
from opsbook.book.names import unknown_names
from opsbook.book.problems import Problem
from opsbook.book.source import Source, dotted
from opsbook.services.controller import how_to_scale
from opsbook.services.settings import ServiceSettings

Services = Mapping[str, ServiceSettings]


def service_problems(
    services: Services, checks: Mapping[str, object], source: Source
) -> list[Problem]:
    """Unknown names, circles among dependencies, ports used twice, scales nobody can reach."""
    return [
        *_unknown_names(services, checks, source),
        *_circles(services, source),
        *_shared_ports(services, source),
        *_unscalable(services, source),
    ]


def start_order(services: Services) -> list[str]:
    """Names such that each service comes after what it depends on. There is no cycle."""
    ordered: list[str] = []

    def visit(name: str) -> None:
        if name not in ordered:
            for needed in services[name].depends_on:
                visit(needed)
            ordered.append(name)

    for name in services:
        visit(name)
    return ordered


def _unknown_names(
    services: Services, checks: Mapping[str, object], source: Source
) -> list[Problem]:
    problems = []
    for name, settings in services.items():
        at = ("services", name)
        problems += unknown_names((*at, "depends_on"), settings.depends_on, services, source)
        verified_by = (*at, "restart", "verified_by")
        problems += unknown_names(verified_by, settings.restart.verified_by, checks, source)
    return problems


def _circles(services: Services, source: Source) -> list[Problem]:
    problems = []
    for circle in circles({name: each.depends_on for name, each in services.items()}):
        path = ("services", circle[0], "depends_on")
        what = f"services depend on each other in a circle (got {' → '.join([*circle, circle[0]])})"
        problems.append(Problem(source.mark(path), dotted(path), what, "remove one of them"))
    return problems


def _shared_ports(services: Services, source: Source) -> list[Problem]:
    problems = []
    owners: dict[int, str] = {}
    for name, settings in services.items():
        for index, port in enumerate(settings.ports):
            owner = owners.setdefault(port, name)
            if owner != name:
                path = ("services", name, "ports", index)
                what = f"two services on one port (got {port})"
                remedy = f"{owner} has it already"
                problems.append(Problem(source.mark(path), dotted(path), what, remedy))
    return problems


def _unscalable(services: Services, source: Source) -> list[Problem]:
    problems = []
    for name, settings in services.items():
        if settings.scale is not None and not settings.controller.can_scale:
            path = ("services", name, "scale")
            what = "its controller cannot scale it as it is declared"
            problems.append(Problem(source.mark(path), dotted(path), what, how_to_scale()))
    return problems
