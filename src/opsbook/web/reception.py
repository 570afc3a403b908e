"""Where people show who they are, once, and get a session."""

import asyncio
import math

from fastapi import HTTPException
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection

from opsbook.state.ledger import Ledger
from opsbook.state.people import Person
from opsbook.state.sessions import Session, Sessions, Way
from opsbook.state.users import User, Users
from opsbook.web.attempts import Attempts
from opsbook.web.codes import Codes
from opsbook.web.origin import sender
from opsbook.web.refusals import Refusals

_AT_ONCE = 2
"""Passwords that are hashed at a time: each takes 20 MB and one core for 30 ms."""
_PATIENCE = 5.0
"""Seconds for its turn to come."""


class Reception:
    """Belongs to one event loop."""

    def __init__(
        self,
        users: Users,
        sessions: Sessions,
        codes: Codes,
        attempts: Attempts,
        refusals: Refusals,
        ledger: Ledger,
    ) -> None:
        self.users, self.sessions, self.codes, self.ledger = users, sessions, codes, ledger
        self._attempts, self._refusals = attempts, refusals
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def by_code(self, request: HTTPConnection, code: str) -> str:
        """The text of a session. Raises HTTPException (401, 429)."""
        address = f"address {sender(request)}"
        self._begin(address)
        person = self.codes.take(code)
        if person is None:
            self.refuse(request, "code", "no such code")
            raise HTTPException(
                401,
                "the code is unknown, used or older than 10 minutes: `opsbook sign-in` makes one",
            )
        self._attempts.succeeded(forget="", keep=address)
        return await self.welcome(request, person, "code")

    async def by_password(self, request: HTTPConnection, name: str, password: str) -> str:
        """The text of a session. Raises HTTPException (401, 429, 503)."""
        address, named = f"address {sender(request)}", f"name {name}"
        self._begin(address, named)
        user = await self._checked(name, password)
        if user is None:
            known = await asyncio.to_thread(self.users.find, name)
            self.refuse(request, "password", "wrong", known.person.name if known else "unknown")
            raise HTTPException(401, "the name or the password is wrong, or the user is disabled")
        self._attempts.succeeded(forget=named, keep=address)
        return await self.welcome(request, user.person, "password", user.password_id)

    async def welcome(
        self, request: HTTPConnection, person: Person, way: Way, password_id: str | None = None
    ) -> str:
        """The text of a fresh session of somebody who is known now."""
        address, agent = sender(request), request.headers.get("user-agent", "")
        text = await asyncio.to_thread(
            self.sessions.begin, person, way, address, agent, password_id
        )
        self.ledger.record(
            "access.signed_in", person.name, actor=person.name, way=way, address=address
        )
        return text

    def refuse(self, request: HTTPConnection, way: Way, why: str, who: str = "unknown") -> None:
        """Record it. `who` is somebody known: what was typed for a name might be a password."""
        self._refusals.add_sign_in(who, way, why, sender(request))

    def record_end(self, ended: Session, actor: str, address: str) -> None:
        self.ledger.record(
            "access.signed_out", ended.person.name, actor=actor, id=ended.id, address=address
        )

    def _begin(self, *keys: str) -> None:
        """Count the attempt. Raises HTTPException (429)."""
        seconds = math.ceil(self._attempts.wait(keys))
        if seconds:
            raise HTTPException(
                429,
                f"too many attempts failed; the next one is looked at in {seconds} s",
                {"Retry-After": str(seconds)},
            )
        self._attempts.begin(keys)

    async def _checked(self, name: str, password: str) -> User | None:
        """Raises HTTPException (503)."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._turns.acquire()
        except TimeoutError:
            raise HTTPException(
                503, "too many sign in at this moment; try again", {"Retry-After": "5"}
            ) from None
        try:
            return await asyncio.to_thread(self.users.check, name, password)
        except SQLAlchemyError:
            raise HTTPException(503, "users cannot be read from the database; try again") from None
        finally:
            self._turns.release()
