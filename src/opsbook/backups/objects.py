"""What the kinds that keep objects in a bucket or container share."""

import io
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property, partial
from typing import Any, BinaryIO, ClassVar, TypeVar, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore
from pydantic import Field, PrivateAttr

from opsbook.backups.destination import Destination, DestinationError, Stored, Upload
from opsbook.backups.names import checked
from opsbook.backups.ranges import Ranges
from opsbook.backups.refusals import nowhere, refusal
from opsbook.backups.streamed import StreamedUpload
from opsbook.book.fields import Duration, Size
from opsbook.core.errors import BadInputError

T = TypeVar("T")

_PAUSE = 1.0
"""Seconds between tries of our own."""
_PARTS_AT_ONCE = 2
"""One is sent while the next one fills."""
_LISTED_AT_ONCE = 1000
_FAILURES = (BaseError, OSError, ValueError, RuntimeError)
"""obstore raises some of Python's own beside its own."""


class Objects(Destination):
    """Keeps objects below a prefix. An object is there whole or not at all: a large one is sent
    in parts, and the store makes one object of them at the commit."""

    scheme: ClassVar[str]
    """Of the address that people know."""

    prefix: str | None = Field(default=None, pattern=r"^([A-Za-z0-9][A-Za-z0-9_.=-]*/?)*$")
    """What all names there begin with; the platform's name unless said otherwise."""
    endpoint: str | None = Field(default=None, pattern=r"^https?://[^@]+$")
    """Address of a server that is not the provider's own."""
    part_size: Size = Field(default=16 * 2**20, ge=5 * 2**20, le=512 * 2**20)
    """Size of the parts of a large object; about four of them are in memory, and one object may
    have 10,000."""
    within: Duration = Field(default=180.0, gt=0, le=300.0)
    """How long a request is tried again; one try has a third of it."""

    _writing: list[str] = PrivateAttr(default_factory=list)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    @abstractmethod
    def place(self) -> str:
        """The bucket or container."""

    @abstractmethod
    def connect(self, **options: Any) -> ObjectStore:
        """A store for the container below `options["prefix"]`."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """Of each new object."""
        return {}

    @property
    def below(self) -> str:
        return (self.platform if self.prefix is None else self.prefix).strip("/")

    @property
    def subject(self) -> str:
        place = f"{self.scheme}://{self.place}/{self.below}".rstrip("/")
        return f"{place} at {self.endpoint}" if self.endpoint else place

    @cached_property
    def store(self) -> ObjectStore:
        once = timedelta(seconds=self.within / 3)
        return self.connect(
            prefix=self.below or None,
            client_options={
                "allow_http": (self.endpoint or "").startswith("http://"),
                "timeout": once,
                "connect_timeout": min(once, timedelta(seconds=10)),
            },
            retry_config={"retry_timeout": timedelta(seconds=self.within)},
        )

    def upload(self, name: str) -> Upload:
        with self.failing("write", checked(name)):
            send = partial(self._put, self.store, name)
        with self._lock:
            self._writing.append(name)
        failed = partial(refusal, self.subject, "write", name)
        return StreamedUpload(send, self.part_size, failed, partial(self._written, name))

    def open(self, name: str) -> BinaryIO:
        with self.failing("read", checked(name)):
            try:
                about = self._repeated(lambda: obstore.head(self.store, name))
            except FileNotFoundError:
                self._must_be_there()
                raise FileNotFoundError(f"{self.subject}/{name} does not exist") from None
        fetch = partial(self._range, name, about["e_tag"])
        return cast("BinaryIO", io.BufferedReader(Ranges(fetch, about["size"])))

    def names(self, prefix: str) -> Iterator[Stored]:
        folder = prefix.rpartition("/")[0]
        with self.failing("list", ""):
            for path, size in self._listed(folder or None):
                if path.startswith(prefix):
                    yield Stored(path, size)

    def delete(self, name: str) -> None:
        with self.failing("delete", checked(name)):
            try:
                self._repeated(lambda: obstore.delete(self.store, name))
            except FileNotFoundError:
                self._must_be_there()

    def free_bytes(self) -> int | None:
        return None

    def sweep(self, older_than: float) -> int:
        """Nothing: the provider lets go of parts without an object by itself, or by a rule."""
        return 0

    @property
    def writing(self) -> set[str]:
        """Names of the objects that are on their way from here."""
        with self._lock:
            return set(self._writing)

    @contextmanager
    def failing(self, doing: str, name: str) -> Iterator[None]:
        """Tell a failed request for people. Raises DestinationError."""
        try:
            yield
        except FileNotFoundError as error:
            if not nowhere(error):
                raise
            raise refusal(self.subject, doing, name, error) from None
        except BadInputError as error:
            raise DestinationError(f"{self.subject}: {error}", temporary=False) from None
        except _FAILURES as error:
            raise refusal(self.subject, doing, name, error) from None

    def _put(self, store: ObjectStore, name: str, content: bytes | Iterator[bytes]) -> None:
        whole = isinstance(content, bytes)
        put = partial(
            obstore.put,
            store,
            name,
            content,
            attributes=dict(self.attributes) or None,
            use_multipart=not whole,
            chunk_size=self.part_size,
            max_concurrency=_PARTS_AT_ONCE,
        )
        # Blocks that have gone cannot be had again.
        self._repeated(put) if whole else put()

    def _written(self, name: str) -> None:
        with self._lock:
            self._writing.remove(name)

    def _range(self, name: str, version: str | None, start: int, end: int) -> memoryview:
        """Of the version that was opened: another one in the middle of it would be a mixture."""
        with self.failing("read", name):
            options: Any = {"range": (start, end), "if_match": version}
            content = self._repeated(
                lambda: memoryview(obstore.get(self.store, name, options=options).bytes())
            )
        if len(content) != end - start:
            said = f"gave {len(content):,} bytes where {end - start:,} were asked for"
            raise DestinationError(f"{self.subject}/{name} {said}", temporary=True)
        return content

    def _listed(self, folder: str | None) -> Iterator[tuple[str, int]]:
        """Names and sizes; goes on behind the last one that came where a page broke."""
        last: str | None = None
        until = time.monotonic() + self.within
        while True:
            pages = obstore.list(self.store, folder, offset=last, chunk_size=_LISTED_AT_ONCE)
            try:
                for page in pages:
                    for each in page:
                        last = each["path"]
                        yield last, each["size"]
            except _FAILURES as error:
                self._may_go_on(error, until)
            else:
                return

    def _repeated(self, act: Callable[[], T]) -> T:
        """Try again what may be done twice; obstore does so only where it knows that it may."""
        until = time.monotonic() + self.within
        while True:
            try:
                return act()
            except _FAILURES as error:
                self._may_go_on(error, until)

    def _may_go_on(self, error: Exception, until: float) -> None:
        """Wait a little before the next try. Raises the error where there is to be none."""
        passes = not isinstance(error, FileNotFoundError) and refusal("", "", "", error).temporary
        if not passes or time.monotonic() > until:
            raise error
        time.sleep(min(_PAUSE, self.within / 10))

    def _must_be_there(self) -> None:
        """An object that is not there is not the same as a bucket that is not there, and the
        answer to a request without a body cannot tell. Raises what the store says."""
        next(iter(obstore.list(self.store, chunk_size=1)), None)
