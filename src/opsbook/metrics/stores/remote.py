"""Keeps samples in another server: Prometheus, VictoriaMetrics, or one that speaks like them."""

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field, PrivateAttr, model_validator

from opsbook.book.fields import Duration, Secret, Size
from opsbook.core.labels import Labels
from opsbook.metrics.model import Frame, Matcher, Values, is_absent
from opsbook.metrics.promql.result import Result
from opsbook.metrics.querier import never
from opsbook.metrics.remote.client import Access, Client
from opsbook.metrics.remote.encoding import encoded_labels, encoded_row
from opsbook.metrics.remote.outbox import Outbox, Row
from opsbook.metrics.remote.reader import Reader
from opsbook.metrics.remote.sender import Sender
from opsbook.metrics.store import Layout, Receipt, Stats, Store, StoreError
from opsbook.probes.tls import Trust
from opsbook.probes.url import HttpUrl

_LAYOUTS = 4_096
"""Layouts of which the labels are kept as they are sent."""
_CATCHING_UP = 2.0
"""Seconds for which a question waits until what was appended before it has arrived."""
_AHEAD = 600_000
"""Milliseconds; VictoriaMetrics finds nothing at all up to a time far in the future."""


@dataclass(frozen=True, slots=True)
class _Link:
    """What a store that was started speaks to its server with."""

    outbox: Outbox
    client: Client
    sender: Sender
    reader: Reader


class Remote(Store):
    """Keeps samples in a server that speaks Prometheus' HTTP API and takes remote write 1.0.

    Samples wait in files in the data directory until the server has them, also while it is away;
    what is asked, it answers itself. It must take samples out of order: Prometheus does with
    `out_of_order_time_window`, VictoriaMetrics does anyway.
    """

    url: HttpUrl
    """Where its API stands, without `/api/v1`: http://127.0.0.1:9090."""
    write_url: HttpUrl | None = None
    """Where it takes samples, if not at `/api/v1/write` below `url`."""
    user: str | None = None
    """Name for `Authorization: Basic`."""
    password: Secret | None = None
    """Password for it."""
    bearer: Secret | None = None
    """Token for `Authorization: Bearer`."""
    tls: Trust = Trust()
    """Whom to trust where a URL is https://."""
    timeout: Duration = Field(default=30.0, gt=0)
    """A request that takes longer has failed."""
    queue: Size = Field(default=1024 * 1024 * 1024, ge=1_000_000)
    """Most bytes of samples that wait on disk; those that come then are lost."""
    largest: Size = 256 * 1024 * 1024
    """A larger answer is not read to its end."""

    _link: _Link | None = PrivateAttr(default=None)
    _last_layout: int = PrivateAttr(default=0)
    _parts: OrderedDict[int, list[bytes]] = PrivateAttr(default_factory=OrderedDict)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)
    _lost: int = PrivateAttr(default=0)

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "Remote":
        if (self.user is None) is not (self.password is None):
            raise ValueError("`user` and `password` go together: give both or none")
        if self.user is not None and self.bearer is not None:
            raise ValueError("`user` and `bearer` exclude each other: keep one")
        return self

    @property
    def trouble(self) -> str | None:
        said = self.link.sender.trouble
        if self._full:
            return f"{said or self.url}; the queue is full, and new samples are lost"
        return said

    @property
    def link(self) -> _Link:
        if self._link is None:
            raise RuntimeError("the store was not started")
        return self._link

    def start(self) -> None:
        """Does not need the server: samples wait for it."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.home.chmod(0o700)
            outbox = Outbox(self.home / "outbox", self.queue)
        except OSError as error:
            where = error.filename or self.home
            raise StoreError(f"{where}: {error.strerror}; nothing was lost") from None
        client = Client(Access(self._signed_in, self.tls, self.timeout, self.largest))
        sender = Sender(outbox, client, self.write_url or f"{self.url.rstrip('/')}/api/v1/write")
        self._link = _Link(outbox, client, sender, Reader(client, self.url, self.timeout))
        sender.start()

    def close(self) -> None:
        """What the server does not take within seconds waits for the next start."""
        if self._link is not None:
            self._link.sender.catch_up(_CATCHING_UP)
            self._link.sender.close()
            self._link.client.close()
            self._link.outbox.close()

    def layout(self, group: str, labels: Sequence[Labels]) -> Layout:
        with self._lock:
            self._last_layout += 1
            return Layout(group, tuple(labels), self._last_layout)

    def append_row(self, layout: Layout, at: int, values: Values) -> Receipt:
        """What the server refuses of it is known later, and counted then."""
        values = np.ascontiguousarray(values, np.float64)
        if values.shape != (len(layout.labels),):
            raise ValueError(f"{len(layout.labels)} values are needed, not {values.shape}")
        with self._lock:
            present = np.flatnonzero(~is_absent(values))
            parts = self._encoded(layout)
            if not len(present):
                return Receipt(0)
            mine = [parts[place] for place in present.tolist()]
            if self.link.outbox.put(Row(len(mine), encoded_row(mine, at, values[present]))):
                return Receipt(len(mine))
            self._lost += len(mine)
            return Receipt(0, 0, {"no room": len(mine)})

    def select(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Frame]:
        """Without staleness markers and payloads of NaN, which the API of a server hides.

        Raises StoreError, too.
        """
        start, end = self._within(start, end)
        return self._reader().samples(matchers, start, end) if start <= end else []

    def instant(self, expression: str, at: int, *, cancelled: Callable[[], bool] = never) -> Result:
        return self._reader().instant(expression, at, cancelled)

    def range(
        self,
        expression: str,
        start: int,
        end: int,
        step: int,
        *,
        cancelled: Callable[[], bool] = never,
    ) -> Result:
        return self._reader().range(expression, start, end, step, cancelled)

    def matching(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Labels]:
        return self._reader().series(matchers, *self._within(start, end))

    def label_names(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[str]:
        return self._reader().label_names(matchers, *self._within(start, end))

    def label_values(
        self, name: str, matchers: tuple[Matcher, ...], start: int, end: int
    ) -> list[str]:
        return self._reader().label_values(name, matchers, *self._within(start, end))

    def delete(self, matchers: tuple[Matcher, ...], start: int, end: int) -> None:
        """VictoriaMetrics deletes series, never a range of their time."""
        if not self.link.sender.catch_up(self.timeout):
            raise StoreError(f"{self.url} has not taken what waits for it; nothing was deleted")
        whole = start <= 0 and end >= self._now + _AHEAD
        self.link.reader.delete(matchers, None if whole else self._within(start, end))

    def stats(self) -> Stats:
        waiting = self.link.outbox.nbytes
        refused = {"refused by the server": self.link.sender.refused, "no room": self._lost}
        return Stats(
            series=None,
            samples=None,
            blocks=None,
            disk_bytes=waiting,
            log_bytes=waiting,
            oldest=None,
            newest=None,
            refused={reason: samples for reason, samples in refused.items() if samples},
            problems=tuple(self.link.outbox.problems),
        )

    @property
    def _now(self) -> int:
        return int(self._clock.now() * 1000)

    @property
    def _full(self) -> bool:
        return self.link.outbox.nbytes > self.queue * 0.99

    def _reader(self) -> Reader:
        """When the server has what was appended before, if it has it soon."""
        self.link.sender.catch_up(_CATCHING_UP)
        return self.link.reader

    def _within(self, start: int, end: int) -> tuple[int, int]:
        """Times that any server understands."""
        return max(start, 0), min(end, self._now + _AHEAD)

    def _encoded(self, layout: Layout) -> list[bytes]:
        known = self._parts.get(layout.number)
        if known is None:
            known = self._parts[layout.number] = [encoded_labels(one) for one in layout.labels]
            if len(self._parts) > _LAYOUTS:
                self._parts.popitem(last=False)
        self._parts.move_to_end(layout.number)
        return known

    def _signed_in(self) -> Mapping[str, str]:
        if self.bearer is not None:
            return {"Authorization": f"Bearer {self.bearer.reveal()}"}
        if self.user is not None and self.password is not None:
            pair = f"{self.user}:{self.password.reveal()}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {}
