"""Who may come in, and how: everything that signing in needs, connected."""

from pathlib import Path

from fastapi import APIRouter
from sqlalchemy import Engine

from opsbook.core.clock import Clock
from opsbook.state.ledger import Ledger
from opsbook.state.local_token import LocalToken
from opsbook.state.sessions import Sessions
from opsbook.state.tokens import Tokens
from opsbook.state.users import Users
from opsbook.web.access import Access
from opsbook.web.attempts import Attempts
from opsbook.web.codes import Codes
from opsbook.web.people import people_routes
from opsbook.web.reception import Reception
from opsbook.web.refusals import Refusals
from opsbook.web.sessions import session_routes
from opsbook.web.settings import WebSettings


class SignIn:
    """Of one process, on one data directory."""

    def __init__(
        self,
        web: WebSettings,
        address: str,
        directory: Path,
        engine: Engine,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        """`address` is that of people. Writes the token of the process into the directory;
        raises BadInputError if that cannot be done."""
        self._address = address
        self._local, self._codes = LocalToken(directory), Codes(clock)
        self.bearer = self._local.bearer
        """Who runs this process."""
        sessions, refusals = Sessions(engine, clock), Refusals(ledger)
        users, tokens = Users(engine, clock), Tokens(engine, clock)
        self.access = Access(self._local, tokens, refusals, sessions)
        reception = Reception(users, sessions, self._codes, Attempts(clock), refusals, ledger)
        self.routers: list[APIRouter] = [
            session_routes(reception, web.prefix, ("oidc",) if web.oidc else ()),
            people_routes(users, tokens, ledger, clock),
        ]
        if web.oidc is not None:
            # What it needs takes 0.2 s and 15 MB.
            from opsbook.web.oidc.routes import oidc_routes

            self.routers.append(oidc_routes(web.oidc, reception, web.prefix, clock))

    def link(self) -> str:
        """By which whoever runs this process signs in with a browser, once and soon. The code
        is behind the `#`: no server and no proxy sees it in a URL."""
        return f"{self._address}/sign-in#{self._codes.issue(self.bearer)}"

    def close(self) -> None:
        """Remove the token of the process."""
        self._local.close()
