"""Somebody who asks a watched platform over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from opsbook.core.clock import SystemClock
from opsbook.state.people import Role
from opsbook.state.tokens import Tokens
from tests.eventually import eventually
from tests.services.platform import Platform, one_service, watched


def someone(
    platform: Platform, name: str = "ada", role: Role = Role.OPERATOR
) -> httpx2.AsyncClient:
    """With a token of their own."""
    token = Tokens(platform.app.engine, SystemClock()).issue(name, role)
    headers = {"Authorization": f"Bearer {token}"}
    address = platform.app.web.address
    return httpx2.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=30)


@asynccontextmanager
async def answering(
    directory: Path, role: Role = Role.OPERATOR
) -> AsyncIterator[tuple[Platform, httpx2.AsyncClient]]:
    """A platform with the one service `a`, up, and somebody who asks."""
    async with watched(one_service(directory), directory / "data") as platform:
        await platform.well()
        checks = platform.app.watch.checks.values()
        await eventually(lambda: all(check.outcome for check in checks))
        async with someone(platform, role=role) as client:
            yield platform, client
