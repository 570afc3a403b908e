"""`/api/v1/write`: samples that others push."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from opsbook.web.prometheus.protocols import Receiver
from opsbook.web.prometheus.runner import Runner

_LARGEST = 32 * 1024 * 1024
"""Bytes, as they come compressed."""
_PROTOBUF = "application/x-protobuf"
_SECONDS = 60.0
_DISABLED = "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n"


async def remote_write(receiver: Receiver | None, runner: Runner, request: Request) -> Response:
    """Only what no browser sends for a page of another site: a type that needs its consent."""
    if receiver is None:
        return PlainTextResponse(_DISABLED, 404)
    type_ = request.headers.get("content-type", "")
    if type_.partition(";")[0].strip().lower() != _PROTOBUF:
        text = f"{type_ or 'no content type'} is not taken here, only {_PROTOBUF}\n"
        return PlainTextResponse(text, 415)
    body = await _body(request)
    if body is None:
        return PlainTextResponse(f"the body is larger than {_LARGEST} bytes\n", 413)
    encoding = request.headers.get("content-encoding", "")
    written = await runner.run(
        request, _SECONDS, lambda stopped: receiver.receive(body, type_, encoding)
    )
    return PlainTextResponse(written.text, written.status)


async def _body(request: Request) -> bytes | None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > _LARGEST:
        return None
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            return None
    return bytes(body)
