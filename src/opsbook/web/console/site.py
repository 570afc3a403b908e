"""The files of the console, as a browser gets them."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

_PAGES = Path(__file__).parent / "pages"
_BUILT_BY = "make console"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere and nothing inline: what somebody writes into a label stays text."""
_FOR_EVER = "public, max-age=31536000, immutable"
"""For files that have their hash in their name."""
_TEXT = ("text/", "application/javascript", "application/json", "image/svg")


class _PageConvertor(StringConvertor):
    """A path that is of no API."""

    regex = r"(?!(?:api|-)(?:/|$)).*"


register_url_convertor("page", _PageConvertor())


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes | None
    """With gzip, where that makes it smaller."""
    kind: str
    mark: str
    """Its ETag."""
    policy: str


class Site:
    """All files, in memory: 400 kB, once."""

    def __init__(self, prefix: str = "", directory: Path = _PAGES) -> None:
        """`prefix`: the path below which everything stands."""
        self._prefix = prefix
        self._files = {
            str(file.relative_to(directory)): _read(file)
            for file in directory.rglob("*")
            if file.is_file()
        }

    @property
    def built(self) -> bool:
        return "index.html" in self._files

    def file(self, path: str) -> _File | None:
        """The file of this path, and for the path of a page the document. None for an asset of
        another build: a page that was loaded before asks for it. Only where it is `built`."""
        if path.startswith("assets/"):
            return self._files.get(path)
        known = self._files.get(path)
        return known if known is not None and path != "index.html" else self._document

    @cached_property
    def _document(self) -> _File:
        document = self._files["index.html"].body.decode()
        here = document.replace('<base href="/" />', f'<base href="{self._prefix}/" />')
        return _made(here.encode(), "text/html; charset=utf-8")


def serve_console(api: FastAPI, site: Site) -> None:
    """Answer for every path that nothing else answers for: add it last."""

    @api.get("/{path:page}", include_in_schema=False)
    async def page(request: Request, path: str) -> Response:
        if not site.built:
            return Response(
                f"the console was not built; from source: {_BUILT_BY}\n",
                503,
                media_type="text/plain",
            )
        file = site.file(path)
        if file is None:
            raise HTTPException(
                404, "no such file in this build of the console; load the page anew"
            )
        return _answer(request, file, path)


def _answer(request: Request, file: _File, path: str) -> Response:
    headers = {
        "ETag": file.mark,
        "Cache-Control": _FOR_EVER if path.startswith("assets/") else "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if file.policy:
        headers["Content-Security-Policy"] = file.policy
    if request.headers.get("if-none-match") == file.mark:
        return Response(status_code=304, headers=headers)
    if file.packed and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(file.packed, headers=headers, media_type=file.kind)
    return Response(file.body, headers=headers, media_type=file.kind)


def _read(file: Path) -> _File:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return _made(file.read_bytes(), kind)


def _made(body: bytes, kind: str) -> _File:
    packed = gzip.compress(body, mtime=0) if kind.startswith(_TEXT) else None
    return _File(
        body=body,
        packed=packed if packed and len(packed) < len(body) else None,
        kind=kind,
        mark=f'"{hashlib.sha256(body).hexdigest()[:16]}"',
        policy=_POLICY if kind.startswith("text/html") else "",
    )
