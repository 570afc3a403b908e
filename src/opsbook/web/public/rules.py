"""What must hold between the page for the public and the rest of the book."""

from collections.abc import Mapping

from opsbook.book.names import unknown_names
from opsbook.book.problems import Problem
from opsbook.book.source import Source, dotted
from opsbook.web.console.paths import PAGES
from opsbook.web.public.settings import StatusPageSettings

_TAKEN = ("/api", "/assets", "/federate", "/metrics")
"""Where paths begin that programs, or the pages of the console, ask for."""


def status_page_problems(
    settings: StatusPageSettings | None, services: Mapping[str, object], source: Source
) -> list[Problem]:
    """Services that there are not, and a path that has another meaning."""
    if settings is None:
        return []
    problems = [
        problem
        for name, shown in settings.services.items()
        for problem in unknown_names(
            ("status_page", "services", name, "of"), shown.of, services, source
        )
    ]
    if (taken_by := _taken_by(settings.path)) is not None:
        place = ("status_page", "path")
        what = f"this path is taken by {taken_by} (got {settings.path!r})"
        remedy = "use, for example, /status"
        problems.append(Problem(source.mark(place), dotted(place), what, remedy))
    return problems


def _taken_by(path: str) -> str | None:
    if path.startswith(_TAKEN):
        return "what programs ask for"
    first = path.split("/")[1]
    return f"the console's page /{first}" if first in PAGES else None
