"""A whole application that answers on a socket and watches nothing, for people to sign in to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.core.clock import Clock
from opsbook.state.database import reading
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import read_entries
from opsbook.state.local_token import token_file
from opsbook.state.people import Role
from opsbook.state.tokens import Tokens
from opsbook.state.users import Users
from opsbook.web.settings import WebSettings
from tests.services.platform import one_service

PASSWORD = "correct horse battery staple"
SILENCE = {"matchers": "team=db", "why": "x", "seconds": 60}


@dataclass
class Signing:
    """The application, and a browser at it."""

    app: App
    browser: httpx2.AsyncClient

    @property
    def users(self) -> Users:
        return Users(self.app.state.engine, self.app.clock)

    def token(self, name: str, role: Role) -> dict[str, str]:
        """A header with a token."""
        text = Tokens(self.app.state.engine, self.app.clock).issue(name, role)
        return {"Authorization": f"Bearer {text}"}

    @property
    def local_token(self) -> dict[str, str]:
        """The header that commands on the machine send."""
        text = token_file(self.app.data.path).read_text().strip()
        return {"Authorization": f"Bearer {text}"}

    def code(self) -> str:
        return self.app.front.sign_in.link().partition("#")[2]

    async def sign_in(self, **shown: str) -> httpx2.Response:
        return await self.browser.post("/api/session", json=shown)

    async def signed_in(self, name: str, role: Role) -> dict[str, str]:
        """With a password, from now on; the header of changes."""
        self.users.add(name, role, PASSWORD)
        answer = await self.sign_in(name=name, password=PASSWORD)
        assert answer.status_code == 200, answer.text
        return {"X-Opsbook-CSRF": answer.json()["csrf"]}

    async def recorded(self, kind: str) -> list[dict[str, Any]]:
        assert await self.app.ledger.flush(within=5)
        with reading(self.app.state.engine) as connection:
            return [each.as_dict() for each in read_entries(connection, kind=kind)]


@asynccontextmanager
async def signing(
    directory: Path,
    web: WebSettings | None = None,
    clock: Clock | None = None,
    trust: ssl.SSLContext | None = None,
) -> AsyncIterator[Signing]:
    web = web or WebSettings(port=0)
    app = App(read_book(one_service(directory)), DataDir(directory / "data"), web, clock)
    await app.measuring.start()
    serving = asyncio.create_task(app.web.run())
    try:
        async with httpx2.AsyncClient(
            base_url=app.web.address, trust_env=False, timeout=10, verify=trust or True
        ) as browser:
            yield Signing(app, browser)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        app.close()
