"""From where people act. What they did is in an entry of the room that did it; this one says by
which request, from which address."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsbook.state.ledger import Ledger
from opsbook.state.people import Person
from opsbook.web.access import LOOKS, path_of
from opsbook.web.origin import sender


class Acts:
    """One entry for each change that somebody asked for and that was not refused."""

    def __init__(self, application: ASGIApp, ledger: Callable[[], Ledger]) -> None:
        """`ledger` is asked for only where there is something to record."""
        self._application, self._ledger = application, ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in LOOKS:
            await self._application(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                person: Person | None = state.get("acting")
                if person is not None:
                    self._record(Request(scope), person)
            await send(message)

        await self._application(scope, receive, noted)

    def _record(self, request: Request, person: Person) -> None:
        ledger = self._ledger()
        ledger.record(
            "access.acted",
            f"{request.method} {path_of(request)}",
            actor=person.name,
            address=sender(request),
        )
