"""The route of the daily page: straight to who is paged, before all others."""

from dataclasses import replace

from opsbook.alerts.delivery.setup import Setup
from opsbook.alerts.routing.matchers import format_matchers, parse_matchers
from opsbook.alerts.routing.route import ALL, Route
from opsbook.core.errors import BadInputError
from opsbook.metrics.matching import matching

PAGE = "DailyPage"
"""The name of the alert."""
_NUMBER = -1
"""The routes of the tree are counted from 0."""


def with_page_route(setup: Setup, receiver: str) -> Setup:
    """The same with that route. Raises BadInputError for a receiver that is not declared."""
    if receiver not in setup.receivers:
        known = ", ".join(sorted(setup.receivers))
        raise BadInputError(f"page.receiver {receiver!r} is not declared; there are {known}")
    root, matchers = setup.root, parse_matchers(f'alertname="{PAGE}"')
    route = Route(
        key=f"{root.key}/{format_matchers(matchers)}",
        number=_NUMBER,
        manner=replace(root.manner, receiver=receiver, group_by=ALL, group_wait=0.0),
        mute=(),
        active=(),
        goes_on=False,
        matchers=matchers,
        matches=matching(matchers),
    )
    return replace(setup, root=replace(root, routes=(route, *root.routes)))
