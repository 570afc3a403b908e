"""A request of remote write 1.0, decoded: series by the bytes of their labels, samples, metadata.

Source: the Remote-Write 1.0 specification of Prometheus, and its `remote.proto`, `types.proto`.
"""

from collections.abc import Container
from dataclasses import dataclass, field

from opsbook.core.labels import NAME, Labels
from opsbook.metrics.metadata import Metadata
from opsbook.metrics.remote.samples import Samples, read_samples
from opsbook.metrics.remote.snappy import TooLargeError
from opsbook.metrics.remote.wire import (
    BYTES,
    VARINT,
    WireError,
    encoded_bytes,
    field_at,
    fields,
    varint,
)

_MOST_SERIES = 200_000
_MOST_METADATA = 50_000
_LONGEST_LABELS = 1024 * 1024
"""Bytes of all labels of one series."""
_SERIES, _METADATA = 1, 3
_LABEL, _EXEMPLAR, _HISTOGRAM = 1, 3, 4
_SERIES_KEY = _LABEL_KEY = 0x0A
_SAMPLE_SIZE = 18
_SAMPLE_BEGINS = b"\x12\x10\x09"
_TYPES = (
    "unknown",
    "counter",
    "gauge",
    "histogram",
    "gaugehistogram",
    "summary",
    "info",
    "stateset",
)


class BadLabelsError(WireError):
    """Labels as no series may have them; the text says what is wrong with them."""


@dataclass(slots=True)
class Request:
    """What was sent. `series` are the bytes of labels: the same in every request."""

    series: list[bytes]
    samples: Samples
    metadata: dict[str, Metadata] = field(default_factory=dict)
    exemplars: int = 0
    histograms: int = 0
    """Of the native kind, which are not kept."""


def decode(message: bytes, known: Container[bytes]) -> Request:
    """`known` are series seen before, which are found faster. Raises WireError, TooLargeError."""
    metadata: dict[str, Metadata] = {}
    series: list[bytes] = []
    regions: list[bytes] = []
    places: list[int] = []
    at, end, others = 0, len(message), 0
    try:
        while at < end:
            if len(series) > _MOST_SERIES or others > _MOST_METADATA:
                raise TooLargeError(
                    f"more than {_MOST_SERIES} series or {_MOST_METADATA} other fields at once"
                )
            if message[at] != _SERIES_KEY:
                at = _read_other(message, at, metadata)
                others += 1
                continue
            size, start = varint(message, at + 1)
            at = start + size
            middle = _labels_end(message, start, at, known)
            series.append(message[start:middle])
            regions.append(message[middle:at])
            places.append(middle)
            if at > end:
                raise IndexError
    except IndexError:
        raise WireError(f"the message ends at byte {end}, in the middle of a series") from None
    request = Request(series, read_samples(regions, places), metadata)
    for place, rest in request.samples.others.items():
        _sort_out(request, place, rest)
    return request


def _labels_end(message: bytes, start: int, end: int, known: Container[bytes]) -> int:
    """Where the labels at the beginning of a series end; most often one sample follows."""
    at = end - _SAMPLE_SIZE
    if at > start and message.startswith(_SAMPLE_BEGINS, at) and message[start:at] in known:
        return at
    at = start
    while at < end and message[at] == _LABEL_KEY:
        size, at = varint(message, at + 1)
        at += size
    if at > end:
        raise WireError(f"a label goes beyond the end of its series at byte {end}")
    return at


def _sort_out(request: Request, place: int, others: bytes) -> None:
    """Fields between or after the samples of a series."""
    for each in fields(others, 0, len(others)):
        if each.number == _LABEL:
            request.series[place] += encoded_bytes(_LABEL, others[each.start : each.end])
        elif each.number == _EXEMPLAR:
            request.exemplars += 1
        elif each.number == _HISTOGRAM:
            request.histograms += 1


def labels_in(part: bytes) -> Labels:
    """The labels of a series, sorted, without empty ones. Raises BadLabelsError, WireError."""
    if len(part) > _LONGEST_LABELS:
        raise BadLabelsError(f"labels of {len(part)} bytes, more than {_LONGEST_LABELS}")
    found: dict[str, str] = {}
    for each in fields(part, 0, len(part)):
        name, value = _label(part, each.start, each.end)
        if name in found:
            raise BadLabelsError(f"two values for the label {name[:100]!r}")
        if not name:
            raise BadLabelsError(f"a label without a name, and with the value {value[:100]!r}")
        if value:
            found[name] = value
    if NAME not in found:
        raise BadLabelsError(f"a series without a metric's name: {str(found)[:200]}")
    return tuple(sorted(found.items()))


def _label(part: bytes, start: int, end: int) -> tuple[str, str]:
    texts = ["", ""]
    for each in fields(part, start, end):
        if each.number in (1, 2) and each.wire == BYTES:
            raw = part[each.start : each.end]
            try:
                texts[each.number - 1] = raw.decode()
            except UnicodeDecodeError:
                raise BadLabelsError(f"a label that is not UTF-8: {raw[:100]!r}") from None
    return texts[0], texts[1]


def _read_other(message: bytes, at: int, metadata: dict[str, Metadata]) -> int:
    """A field of the request that is no series."""
    each = field_at(message, at, len(message))
    if (each.number, each.wire) == (_METADATA, BYTES):
        name, one = _read_metadata(message, each.start, each.end)
        if name:
            metadata[name] = one
    return each.end


def _read_metadata(message: bytes, start: int, end: int) -> tuple[str, Metadata]:
    kind, texts = 0, {2: "", 4: "", 5: ""}
    for each in fields(message, start, end):
        if (each.number, each.wire) == (1, VARINT):
            kind = varint(message, each.start)[0]
        elif each.number in texts and each.wire == BYTES:
            texts[each.number] = message[each.start : each.end].decode(errors="replace")
    name = _TYPES[kind] if kind < len(_TYPES) else _TYPES[0]
    return texts[2], Metadata(name, texts[4], texts[5])
