"""One HTTP/1.1 connection that outlives its answers (RFC 9112, 9.3)."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import httptools

from opsbook.core.units import format_size
from opsbook.probes.explain import explain

_MOST_HEADER_BYTES = 65_536
_MOST_HEADERS = 200


class BadAnswerError(Exception):
    """The server's bytes are no HTTP answer that we accept."""


class UnansweredError(BadAnswerError):
    """The connection ended before the first byte of an answer: it may be asked again."""


@dataclass(slots=True)
class Answer:
    """What came back, its body as it was sent."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    """By their names in lower case."""
    body: bytearray = field(default_factory=bytearray)


def too_large(largest: int) -> str:
    return f"the body is larger than body_size_limit, {format_size(largest)}"


class Connection(asyncio.Protocol):
    """Asks one question at a time. Streams would copy each answer twice more."""

    def __init__(self, largest: int) -> None:
        self.asked = 0
        """How many questions were sent over it."""
        self._largest = largest
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer()
        self._done: asyncio.Future[Answer] | None = None
        self._header_bytes = 0
        self._any = False
        """Whether a byte of this answer came."""

    @property
    def usable(self) -> bool:
        """Whether it can be asked again, as far as is known on this side."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def idle(self) -> bool:
        """Whether no answer is on its way."""
        return self._done is None or (self._done.done() and not self._done.cancelled())

    async def ask(self, request: bytes) -> Answer:
        """The whole answer. Raises BadAnswerError. Cancelling leaves a connection to close."""
        assert self._transport is not None
        self.asked += 1
        self._answer, self._header_bytes, self._any = Answer(), 0, False
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._done
        finally:
            self._answer = Answer()  # a large body is not kept until the next one

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._done is None or self._done.done():
            self.close()  # nobody asked: it could not be told from the next answer
            return
        self._any = True
        if not self._answer.status:
            self._header_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(BadAnswerError(f"the answer is not HTTP: {error.__context__ or error}"))
        if not self._answer.status and self._header_bytes > _MOST_HEADER_BYTES:
            self._fail(BadAnswerError("headers without end"))

    def eof_received(self) -> None:
        self.connection_lost(None)

    def connection_lost(self, error: Exception | None) -> None:
        self.close()
        if not self._any:
            self._fail(UnansweredError(explain(error or EOFError())))
        elif error is None and self._answer.status and not self._framed():
            self._finish()
        else:
            self._fail(BadAnswerError(explain(error or EOFError())))

    def on_message_begin(self) -> None:
        if self.idle:
            # Nobody asked, and this one's answer is already given away.
            self._answer = Answer()
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._answer.headers) >= _MOST_HEADERS:
            raise BadAnswerError(f"more than {_MOST_HEADERS} headers")
        self._answer.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if 100 <= status <= 199:
            self._answer.headers.clear()
        else:
            self._answer.status = status

    def on_body(self, data: bytes) -> None:
        self._answer.body += data
        if len(self._answer.body) > self._largest:
            self._fail(BadAnswerError(too_large(self._largest)))

    def on_message_complete(self) -> None:
        if self._answer.status:
            if not self._parser.should_keep_alive():
                self.close()
            self._finish()

    def _framed(self) -> bool:
        """Whether the answer says where it ends; if not, closing ends it (RFC 9112, 6.3)."""
        headers = self._answer.headers
        return b"content-length" in headers or b"transfer-encoding" in headers

    def _finish(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(self._answer)

    def _fail(self, error: BadAnswerError) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)
        self.close()
