"""Attempts → runs: each is asked for once, however often this process dies."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from opsbook.core.errors import BadInputError
from opsbook.durable.port import DurableError
from opsbook.durable.values import Json
from opsbook.response.attempt import Attempt
from opsbook.runbooks.chronicle import LedgerUnwritableError
from opsbook.runbooks.model import Request, RunView
from opsbook.runbooks.service import Runbooks
from opsbook.state.people import Person, Role

logger = logging.getLogger(__name__)

OPSBOOK = Person("opsbook", Role.OPERATOR)
_SLACK = 0.5
"""Seconds by which two moments of one clock may seem to be in another order: it is rounded."""
_TRY_AGAIN_AFTER = 1.0
_AWAY = (DurableError, SQLAlchemyError, LedgerUnwritableError)


class Asking:
    """Asks as Opsbook itself: unattended, within the limits of the runbook."""

    def __init__(self, runbooks: Runbooks) -> None:
        self._runbooks = runbooks

    async def run_of(self, attempt: Attempt) -> str:
        """The run that answers an attempt: the one that was asked for before, else a new one.

        Waits for a database that is away. Raises BadInputError for a run that is refused.
        """
        while True:
            try:
                return await self._known(attempt) or await self._new(attempt)
            except _AWAY as error:
                logger.warning("%s waits: %s", attempt.response.title, error)
                await asyncio.sleep(_TRY_AGAIN_AFTER)

    async def show(self, run: str) -> RunView:
        """Waits for a database that is away. Raises UnknownRunError."""
        while True:
            try:
                return await self._runbooks.show(run)
            except _AWAY as error:
                logger.warning("run %s cannot be seen: %s", run, error)
                await asyncio.sleep(_TRY_AGAIN_AFTER)

    async def _known(self, attempt: Attempt) -> str | None:
        found = await self._runbooks.find(alert=attempt.key, limit=1)
        since = attempt.chosen_at - _SLACK
        return next((view.id for view in found if view.requested_at >= since), None)

    async def _new(self, attempt: Attempt) -> str:
        response = attempt.response
        given = _filled(attempt)
        confirm = ""
        if response.ask and response.plan is None:
            # A second person consents to each step of it: nothing is done by this name alone.
            confirm = (await self._runbooks.dry_run(response.runbook, given)).confirm
        request = Request(
            response.runbook,
            OPSBOOK,
            why(attempt),
            given,
            confirm,
            attempt.key,
            attempt.incident or None,
            unattended=not response.ask,
            plan=response.plan,
        )
        return await self._runbooks.request(request)


def why(attempt: Attempt) -> str:
    """The reason that the ledger has."""
    return f"{attempt.what}: response {attempt.response.title}"


def _filled(attempt: Attempt) -> Mapping[str, Json]:
    """Raises BadInputError."""
    values: dict[str, Any] = {
        "service": attempt.service,
        "incident": attempt.incident,
        "alert": attempt.alert,
    }
    found: dict[str, Json] = {}
    for name, template in attempt.response.with_.items():
        try:
            found[name] = template.value(values)
        except BadInputError as error:
            raise BadInputError(f"parameter {name}: {error}") from None
    return found
