"""Remote write 1.0 from the receiver's side: a request's body comes in, its answer goes out."""

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass

from opsbook.core.errors import BadInputError
from opsbook.metrics.metadata import Catalogue, Metadata
from opsbook.metrics.remote.decoding import Request, decode
from opsbook.metrics.remote.rows import NO_ROOM, Rows, Tally
from opsbook.metrics.remote.snappy import TooLargeError, inflated
from opsbook.metrics.remote.wire import WireError
from opsbook.metrics.store import Store, StoreError

logger = logging.getLogger(__name__)

LARGEST = 64 * 1024 * 1024
"""Bytes of a request, inflated or as it is sent."""
_PAUSE = 5.0
"""Seconds for which a store in trouble is left alone."""
_SOURCE = "remote write"
_TYPE = "application/x-protobuf"
_MESSAGE = "prometheus.WriteRequest"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender gets. It sends again after a status of 5xx, and only then."""

    status: int
    text: str


class Receiver:
    """Puts what is sent into a store. May be called from any thread; blocks."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self.counts: Counter[str] = Counter()
        """Samples `taken` and `repeated`, those refused by reason, and what is not kept."""
        self._store, self._catalogue = store, catalogue
        self._rows = Rows(store)
        self._next_try = 0.0
        self._lock = threading.Lock()

    def receive(
        self, body: bytes, content_type: str | None, content_encoding: str | None
    ) -> Answer:
        """Answers with 200 or 204 when every sample is kept, with 400 when some never will be."""
        unfit = _unfit(content_type, content_encoding)
        if unfit:
            return Answer(415, unfit)
        try:
            request = decode(inflated(body, LARGEST), self._rows.known)
        except TooLargeError as error:
            return Answer(413, f"{error}; send smaller requests")
        except WireError as error:
            return Answer(400, f"malformed request: {error}")
        with self._lock:
            return self._keep(request)

    def _keep(self, request: Request) -> Answer:
        trouble = self._store.trouble
        if trouble is not None and time.monotonic() < self._next_try:
            return _later(trouble)
        try:
            tally = self._rows.write(request)
        except (StoreError, BadInputError) as error:
            return _later(str(error))
        self._note(request.metadata)
        self._count(request, tally)
        trouble = self._store.trouble
        if trouble is None and NO_ROOM in tally.refused:
            trouble = "the store has no room"
        if trouble is not None:
            # What is sent again and again must not fill what little room is left.
            self._next_try = time.monotonic() + _PAUSE
            return _later(trouble)
        said = _said(request, tally)
        return Answer(400 if tally.refused else 200 if said else 204, said)

    def _note(self, metadata: dict[str, Metadata]) -> None:
        """A sender tells all that it knows in several requests."""
        if metadata:
            known = self._catalogue.of(_SOURCE)
            self._catalogue.note(_SOURCE, {**known, **metadata})

    def _count(self, request: Request, tally: Tally) -> None:
        ignored = {"native histograms": request.histograms, "exemplars": request.exemplars}
        for reason, example in tally.examples.items():
            if reason not in self.counts:
                logger.warning("remote write: samples are refused: %s: %s", reason, example)
        for what, count in ignored.items():
            if count and what not in self.counts:
                logger.warning("remote write: %s are sent, and are not kept", what)
        self.counts.update({"taken": tally.taken, "repeated": tally.repeated})
        self.counts.update(tally.refused)
        self.counts.update({what: count for what, count in ignored.items() if count})


def _later(trouble: str) -> Answer:
    return Answer(503, f"{trouble}; send the request again")


def _said(request: Request, tally: Tally) -> str:
    """Empty where everything was kept."""
    parts = []
    for reason, count in tally.refused.items():
        parts.append(f"{count} samples refused, {reason}: {tally.examples[reason]}")
    if request.histograms:
        parts.append(f"{request.histograms} native histograms are not kept")
    if request.exemplars:
        parts.append(f"{request.exemplars} exemplars are not kept")
    return "; ".join([f"{tally.taken} samples taken", *parts]) if parts else ""


def _unfit(content_type: str | None, content_encoding: str | None) -> str | None:
    """Why a body is not of this protocol. Senders older than the specification name no type."""
    kind, *parameters = [part.strip() for part in (content_type or _TYPE).lower().split(";")]
    messages = [part[6:].strip('"') for part in parameters if part.startswith("proto=")]
    if kind != _TYPE or any(message != _MESSAGE.lower() for message in messages):
        return f"not {_TYPE};proto={_MESSAGE}, but {content_type}: this is remote write 1.0"
    if (content_encoding or "snappy").strip().lower() != "snappy":
        return f"not compressed with snappy, but with {content_encoding}"
    return None
