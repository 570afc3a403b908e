"""`redis`: the keys of a Redis database that match a pattern are counted, or deleted.

RESP2 (https://redis.io/docs/latest/develop/reference/protocol-spec/), with keys as the bytes that
they are: one that is no UTF-8 would not be found again once it was decoded.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from opsbook.core.errors import BadInputError
from opsbook.durable.values import Json
from opsbook.probes.conditions import Condition
from opsbook.probes.explain import explain
from opsbook.probes.probe import ProbeUnknownError
from opsbook.probes.tls import Trust
from opsbook.runbooks.action import Action, ActionFailedError, Change
from opsbook.runbooks.context import Context
from opsbook.runbooks.expectation import demand
from opsbook.runbooks.fields import TemplateOrSecret, shown
from opsbook.runbooks.fitting import head
from opsbook.runbooks.stopping import unless_stopped
from opsbook.runbooks.template import Template

_EXAMPLES = 5
_SHOWN_OF_A_KEY = 4
"""Characters beyond what the pattern says: the rest of a session's key is as good as a password."""
_FEWEST_LITERALS = 3
_LONGEST_LINE = 65_536
_LONGEST_TEXT = 65_536
_LONGEST_LIST = 1_000_000
_DEEPEST = 2
"""SCAN's list of keys is one of two parts of its answer."""

Reply = str | bytes | int | list[Any]
T = TypeVar("T")


def _wanted(pattern: str) -> str:
    """Raises ValueError for a pattern that tells the wanted keys from hardly any others."""
    literal = re.sub(r"\\.", "x", pattern)
    literal = re.sub(r"\[[^\]]*(\]|$)|[*?]", "", literal)
    if len(literal) < _FEWEST_LITERALS:
        raise ValueError(
            f"the pattern would match far too much (got {pattern!r}): "
            f"write at least {_FEWEST_LITERALS} characters of the keys, as in session:*"
        )
    return pattern


def _address(text: str) -> tuple[str, int]:
    """The socket and 0, or host and port. Raises ValueError."""
    if text.startswith("/"):
        return text, 0
    host, colon, port = text.rpartition(":")
    if not host or not colon or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError(f"not an address (got {text!r}): write host:port or /path/to/socket")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _checked(check: Callable[[str], object]) -> AfterValidator:
    """What is known before anything is filled in is looked at when the book is loaded."""

    def look(template: Template) -> Template:
        if template.fixed is not None:
            check(template.fixed)
        return template

    return AfterValidator(look)


Pattern = Annotated[Template, _checked(_wanted)]


class Redis(Action):
    """Counts the keys of a Redis database that match a pattern, or deletes them in batches."""

    address: Annotated[Template, _checked(_address)]
    """`host:port`, or the path of the server's Unix socket."""
    username: Template | None = None
    """User of the access control list; without one the password is that of `default`."""
    password: TemplateOrSecret | None = None
    tls: Trust | None = None
    """Speak TLS; `{}` trusts the system's CAs."""
    db: int = Field(default=0, ge=0)
    """Number of the database."""
    count: Pattern | None = None
    """Count the keys that match, as SCAN matches: `session:*`."""
    delete: Pattern | None = None
    """Delete them, after they were counted. What is created meanwhile stays."""
    expect: Condition | None = None
    """What the number that was counted has to be."""
    at_most: int = Field(default=10_000, ge=1, le=100_000)
    """If more match, the step fails, and none is deleted."""
    batch: int = Field(default=500, ge=1, le=10_000)
    """Keys that the server looks at, or deletes, before it turns to other clients."""

    gives: ClassVar[Mapping[str, str]] = {
        "matched": "how many keys matched",
        "examples": "how some of them begin",
        "deleted": "how many of them were deleted, with `delete`",
    }

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        if (self.count is None) == (self.delete is None):
            raise ValueError("give either `count` or `delete`, with a pattern")
        if self.expect is not None and self.count is None:
            raise ValueError("`expect` is for `count`: count again to see what `delete` has left")
        if self.username is not None and self.password is None:
            raise ValueError("a username without a password: give `password`")
        return self

    @property
    def subject(self) -> str:
        verb = "count" if self.delete is None else "delete"
        return f"{verb} {self._pattern} at {self.address}"

    @property
    def least_class(self) -> int:
        return 0 if self.delete is None else 3

    async def preview(self, context: Context) -> Change | None:
        if self.delete is None:
            return None
        found = await unless_stopped(context, self.subject, self._count(context))
        examples = ", ".join(map(str, found["examples"]))
        told = f"{found['matched']} keys" + (f", such as {examples}" if examples else "")
        return Change(f"keys {self._filled(context)} at {context.text(self.address)}", told, "none")

    async def carry_out(self, context: Context) -> dict[str, Json]:
        work = self._count(context) if self.delete is None else self._delete(context)
        result = await unless_stopped(context, self.subject, work)
        if self.expect is not None:
            demand(self.subject, {"matched": self.expect}, {"matched": result["matched"]}, result)
        return result

    async def _count(self, context: Context) -> dict[str, Any]:
        async with self._connected(context) as connection:
            return self._told(await self._matching(connection, context), context)

    async def _delete(self, context: Context) -> dict[str, Any]:
        result: dict[str, Any] = {"deleted": 0}
        async with self._connected(context) as connection:
            keys = await self._matching(connection, context)
            result |= self._told(keys, context)
            for start in range(0, len(keys), self.batch):
                some = keys[start : start + self.batch]
                result["deleted"] += await connection.number(b"UNLINK", *some)
        return result

    async def _matching(self, connection: "_Connection", context: Context) -> list[bytes]:
        """Each once: SCAN may tell a key twice. Raises ActionFailedError for too many."""
        found: dict[bytes, None] = {}
        pattern, batch = self._filled(context).encode(), b"%d" % self.batch
        cursor = b"0"
        while True:
            cursor, keys = await connection.scan(cursor, pattern, batch)
            found |= dict.fromkeys(keys)
            if len(found) > self.at_most:
                raise ActionFailedError(
                    f"{self.subject}: more than {self.at_most} keys match, and nothing was "
                    "deleted: write a narrower pattern, or a greater `at_most`"
                )
            if cursor == b"0":
                return list(found)

    def _told(self, keys: list[bytes], context: Context) -> dict[str, Any]:
        literal = len(re.split(r"[\\*?\[]", self._filled(context), maxsplit=1)[0])
        examples = [_beginning(key, literal + _SHOWN_OF_A_KEY) for key in keys[:_EXAMPLES]]
        return {"matched": len(keys), "examples": examples}

    @property
    def _pattern(self) -> Template:
        pattern = self.count or self.delete
        assert pattern is not None
        return pattern

    def _filled(self, context: Context) -> str:
        return self._valid(_wanted, context.text(self._pattern))

    def _valid(self, check: Callable[[str], T], text: str) -> T:
        try:
            return check(text)
        except ValueError as error:
            raise BadInputError(f"{self.subject}: {error}") from None

    @asynccontextmanager
    async def _connected(self, context: Context) -> AsyncIterator["_Connection"]:
        """Logged in. Raises ActionFailedError, with the server's words where it has any."""
        host, port = self._valid(_address, context.text(self.address))
        try:
            reader, writer = await self._open(host, port)
            try:
                connection = _Connection(reader, writer)
                await self._log_in(connection, context)
                yield connection
            finally:
                writer.transport.abort()
        except (OSError, ValueError, EOFError) as error:
            raise ActionFailedError(f"{self.subject}: {head(explain(error), 500)}") from None

    async def _open(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not port:
            return await asyncio.open_unix_connection(host, limit=_LONGEST_LINE)
        try:
            secure = self.tls.options(self.subject, host) if self.tls is not None else {}
        except ProbeUnknownError as error:
            raise BadInputError(str(error)) from None
        return await asyncio.open_connection(host, port, limit=_LONGEST_LINE, **secure)

    async def _log_in(self, connection: "_Connection", context: Context) -> None:
        if self.password is not None:
            user = [context.text(self.username).encode()] if self.username is not None else []
            await connection.ask(b"AUTH", *user, shown(self.password, context).encode())
        if self.db:
            await connection.ask(b"SELECT", b"%d" % self.db)
        if b"cluster_enabled:1" in await connection.text(b"INFO", b"cluster"):
            raise ValueError("this is one node of a cluster, which has keys on others as well")


class _Connection:
    """Commands and their replies. All of it raises ValueError, EOFError and OSError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, *words: bytes) -> Reply:
        parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
        self._writer.write(b"*%d\r\n%b" % (len(words), b"".join(parts)))
        await self._writer.drain()
        return await self._reply()

    async def number(self, *words: bytes) -> int:
        return _of(int, await self.ask(*words))

    async def text(self, *words: bytes) -> bytes:
        return _of(bytes, await self.ask(*words))

    async def scan(self, cursor: bytes, pattern: bytes, batch: bytes) -> tuple[bytes, list[bytes]]:
        """The cursor of the next batch, and keys; after the last batch it is 0."""
        words = (b"SCAN", cursor, b"MATCH", pattern, b"COUNT", batch)
        answer = _of(list, await self.ask(*words))
        if len(answer) != 2:
            raise ValueError("SCAN was answered with something else")
        return _of(bytes, answer[0]), [_of(bytes, key) for key in _of(list, answer[1])]

    async def _reply(self, nested: int = 0) -> Reply:
        line = await self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise ValueError(rest.decode(errors="replace"))
        if kind == b"+":
            return rest.decode(errors="replace")
        if not re.fullmatch(rb"\d{1,18}", rest) or nested > _DEEPEST:
            raise ValueError(f"this is no Redis server: it said {line[:100]!r}")
        return await self._counted(kind, int(rest), nested)

    async def _counted(self, kind: bytes, count: int, nested: int) -> Reply:
        if kind == b":":
            return count
        if kind == b"$" and count <= _LONGEST_TEXT:
            return (await self._reader.readexactly(count + 2))[:-2]
        if kind == b"*" and count <= _LONGEST_LIST:
            return [await self._reply(nested + 1) for _ in range(count)]
        raise ValueError(f"an answer of {count} parts is too long to be read")

    async def _line(self) -> bytes:
        try:
            return (await self._reader.readuntil(b"\r\n"))[:-2]
        except asyncio.LimitOverrunError:
            raise ValueError("a line without an end: this is no Redis server") from None


def _of(kind: type[T], reply: Reply) -> T:
    if not isinstance(reply, kind):
        raise ValueError(f"this is no Redis server: it said {str(reply)[:100]!r}")
    return reply


def _beginning(key: bytes, most: int) -> str:
    text = key.decode(errors="backslashreplace")
    return head(text if len(text) <= most else f"{text[:most]}…", 200)
