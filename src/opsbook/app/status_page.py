"""The page for the public, over the rooms of which it may show something."""

from collections.abc import Iterator

from fastapi import APIRouter
from sqlalchemy import Engine

from opsbook.core.clock import Clock
from opsbook.services.history.reader import HistoryReader
from opsbook.services.service import Services
from opsbook.web.public.past import Past
from opsbook.web.public.routes import status_page_routes
from opsbook.web.public.settings import StatusPageSettings
from opsbook.web.public.view import PublicView


def status_page(
    settings: StatusPageSettings | None, services: Services, engine: Engine, clock: Clock
) -> Iterator[APIRouter]:
    """None where the book has no such page."""
    if settings is None:
        return
    shown = {name for each in settings.services.values() for name in each.of}
    checks = {name: services.keepers[name].checks for name in sorted(shown)}
    past = Past(HistoryReader(engine), checks, settings.history_days)
    yield status_page_routes(PublicView(settings, services, past, engine, clock), clock)
