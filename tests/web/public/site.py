"""A small platform with a page for the public, and somebody from the public."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from opsbook.web.settings import WebSettings
from tests.services.platform import Platform, watched

SMALL = {"title": "Example", "services": {"Search": {"of": ["a"]}}}


def publish(book: Path, **settings: Any) -> Path:
    """Give a book such a page."""
    content = json.loads(book.read_text(encoding="utf-8"))
    content["status_page"] = {**SMALL, **settings}
    book.write_text(json.dumps(content), encoding="utf-8")
    return book


@asynccontextmanager
async def visited(
    book: Path, data: Path, web: WebSettings | None = None
) -> AsyncIterator[tuple[Platform, httpx2.AsyncClient]]:
    """The platform once it is well, and a client that shows nothing of itself."""
    async with (
        watched(book, data, web) as platform,
        httpx2.AsyncClient(base_url=platform.app.web.address, trust_env=False) as client,
    ):
        await platform.well()
        yield platform, client
