"""What must hold between the page for the public and the rest of the book."""

from collections.abc import Mapping

from opsbook.book.names import unknown_names
from opsbook.book.problems import Problem
from opsbook.book.source import Source, dotted
from opsbook.web.public.settings import StatusPageSettings

_TAKEN = ("/api", "/assets", "/federate", "/metrics")
"""Where paths begin that programs, or the pages of the console, know."""


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
    if settings.path.startswith(_TAKEN):
        place = ("status_page", "path")
        what, remedy = f"this path is taken (got {settings.path!r})", "use, for example, /status"
        problems.append(Problem(source.mark(place), dotted(place), what, remedy))
    return problems
