"""The page for the public, and the same as JSON: made once in ten seconds, whoever asks.

Source: RFC 9110, section 13.1.2, for If-None-Match; RFC 9111 for Cache-Control.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Self

from fastapi import APIRouter, Request, Response

from opsbook.core.clock import Clock
from opsbook.web.public.model import PublicStatus
from opsbook.web.public.page import POLICY, render
from opsbook.web.public.settings import StatusPageSettings
from opsbook.web.public.view import PublicView

_GOOD_FOR = 10
"""Seconds: a crowd that looks must not reach the watch."""
_GOOD_AT_NEED = 60
"""Seconds, while a newer one is being made."""
_HEADERS = {
    "Cache-Control": f"public, max-age={_GOOD_FOR}",
    "Content-Security-Policy": POLICY,
}


@dataclass(frozen=True, slots=True)
class _Document:
    """What is sent, and the name of this version of it."""

    content: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> Self:
        return cls(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')

    def answer(self, known: list[str]) -> Response:
        """`known`: the versions that whoever asks has already."""
        headers = {**_HEADERS, "ETag": self.etag}
        if self.etag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(self.content, headers=headers, media_type=self.media_type)


@dataclass(frozen=True, slots=True)
class _Made:
    page: _Document
    json: _Document
    at: float
    """Monotonic."""


class _Kept:
    """The newest documents. While newer ones are made, others get those unless they are old."""

    def __init__(self, view: PublicView, clock: Clock) -> None:
        self._view, self._clock = view, clock
        self._made: _Made | None = None
        self._making = asyncio.Lock()

    async def get(self) -> _Made:
        within = _GOOD_AT_NEED if self._making.locked() else _GOOD_FOR
        if made := self._newer_than(within):
            return made
        async with self._making:
            self._made = self._newer_than(_GOOD_FOR) or await self._make()
            return self._made

    def _newer_than(self, seconds: float) -> _Made | None:
        made = self._made
        return made if made and self._clock.monotonic() - made.at < seconds else None

    async def _make(self) -> _Made:
        status = await self._view.status()
        page = _Document.of(render(status, self._view.settings), "text/html; charset=utf-8")
        json = _Document.of(status.model_dump_json().encode(), "application/json")
        return _Made(page, json, self._clock.monotonic())


def status_page_routes(view: PublicView, clock: Clock) -> APIRouter:
    """The two paths of the settings. Anybody may ask, and nothing is known of who does."""
    routes, kept = APIRouter(tags=["status"]), _Kept(view, clock)
    settings: StatusPageSettings = view.settings
    page, document = settings.paths

    async def status_page(request: Request) -> Response:
        """What the public may know, as a page."""
        return (await kept.get()).page.answer(_known(request))

    async def public_status(request: Request) -> Response:
        """What the public may know. Ten seconds old at most."""
        return (await kept.get()).json.answer(_known(request))

    routes.add_api_route(page, status_page, methods=["HEAD", "GET"], include_in_schema=False)
    routes.add_api_route(document, public_status, methods=["HEAD"], include_in_schema=False)
    routes.add_api_route(
        document,
        public_status,
        methods=["GET"],
        response_model=PublicStatus,
        responses={304: {"description": "as it was"}},
    )
    return routes


def _known(request: Request) -> list[str]:
    said = request.headers.get("if-none-match", "")
    return [each.strip().removeprefix("W/") for each in said.split(",")]
