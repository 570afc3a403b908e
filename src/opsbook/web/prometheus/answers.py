"""Answers as bytes, in pieces of which no two are needed at once."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.model import Unchanged
from opsbook.metrics.promql.numbers import plain
from opsbook.metrics.promql.result import Result, Series
from opsbook.web.prometheus.errors import ApiError
from opsbook.web.prometheus.numbers import Points, numbers, stamp

TRUNCATED = "results truncated due to limit"
_PIECE = 256 * 1024
_WORTH_PACKING = 16 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_SERIES_AT_ONCE = 500
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""One for all: making one costs more than writing a label set."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is JSON, in pieces that are made when they are asked for."""

    data: Iterable[bytes]
    warnings: Sequence[str] = ()
    infos: Sequence[str] = ()
    unchanged: Unchanged | None = None
    """Says whether the same request would be answered the same; None where nobody knows."""
    size: int = 0
    """About how many bytes there are, where `unchanged` is known."""


@dataclass(frozen=True, slots=True)
class Body:
    """The first piece and those behind it."""

    first: bytes
    rest: Iterator[bytes] | None
    packed: bool


def answer(data: Any, warnings: Sequence[str] = ()) -> Answer:
    """Whatever is small enough to be written at once."""
    return Answer([as_json(data)], warnings)


def as_json(data: Any) -> bytes:
    return _ENCODER.encode(data).encode("utf-8", errors="replace")


def label_sets(found: Sequence[Labels], warnings: Sequence[str] = ()) -> Answer:
    """Series without samples."""
    groups = (
        as_json([dict(labels) for labels in found[at : at + _SERIES_AT_ONCE]])[1:-1]
        for at in range(0, len(found), _SERIES_AT_ONCE)
    )
    return Answer(chain([b"["], _joined(groups), [b"]"]), warnings)


def query_answer(
    result: Result, at: int, limit: int, statistics: dict[str, Any] | None = None
) -> Answer:
    """`at` is the time, in ms, of a value that brings none of its own."""
    series, warnings = result.series, result.warnings
    if limit and result.type in ("vector", "matrix") and len(series) > limit:
        series, warnings = series[:limit], [*warnings, TRUNCATED]
    head = f'{{"resultType":"{result.type}","result":'.encode()
    tail = b"}" if statistics is None else b',"stats":' + as_json(statistics) + b"}"
    return Answer(chain([head], _values(result, series, at), [tail]), warnings, result.infos)


def failure(error: ApiError) -> bytes:
    return as_json({"status": "error", "errorType": error.type, "error": str(error)})


def success(found: Answer) -> Iterator[bytes]:
    yield b'{"status":"success","data":'
    yield from found.data
    if found.warnings:
        yield b',"warnings":' + as_json(list(found.warnings))
    if found.infos:
        yield b',"infos":' + as_json(list(found.infos))
    yield b"}"


def body_of(pieces: Iterable[bytes], packing: bool) -> Body:
    """Pieces of a good size; packed where the client takes that and it is worth it."""
    sized = _sized(pieces)
    first, second = next(sized, b""), next(sized, None)
    packed = packing and (second is not None or len(first) > _WORTH_PACKING)
    every = chain([first], [] if second is None else [second], sized)
    if packed:
        zipped = _sized(_gzipped(every))
        return Body(next(zipped, b""), zipped, packed)
    return Body(first, None if second is None else chain([second], sized), packed)


def _values(result: Result, series: Sequence[Series], at: int) -> Iterator[bytes]:
    if result.type == "string":
        yield f"[{stamp(at)},".encode() + as_json(result.text) + b"]"
    elif result.type == "scalar":
        # Without an exponent, other than a value of a series: so does Prometheus.
        yield _pair(int(series[0].times[0]), plain(float(series[0].values[0])))
    else:
        yield b"["
        yield from _joined(_vector(series) if result.type == "vector" else _matrix(series))
        yield b"]"


def _vector(series: Sequence[Series]) -> Iterator[bytes]:
    """Some hundred series to a piece: handing each on by itself takes as long as writing it."""
    for first in range(0, len(series), _SERIES_AT_ONCE):
        part = series[first : first + _SERIES_AT_ONCE]
        values = np.fromiter((each.values[0] for each in part), np.float64, len(part))
        times = [int(each.times[0]) for each in part]
        stamps = {at: stamp(at).encode() for at in set(times)}
        yield b",".join(
            [
                b'{"metric":%b,"value":[%b,"%b"]}' % (_metric(each.labels), stamps[at], value)
                for each, at, value in zip(part, times, numbers(values), strict=True)
            ]
        )


def _matrix(series: Iterable[Series]) -> Iterator[bytes]:
    points = Points()
    for each in series:
        written = points.write(each.times, each.values)
        yield b'{"metric":%b,"values":[%b]}' % (_metric(each.labels), written)


@lru_cache(maxsize=20_000)
def _metric(labels: Labels) -> bytes:
    """Remembered: the same series are asked for again and again, and a query of a thousand of
    them spent more time here than in its evaluation."""
    return as_json(dict(labels))


def _pair(at: int, value: str) -> bytes:
    return f'[{stamp(at)},"{value}"]'.encode()


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield next(pieces, b"")
    for piece in pieces:
        yield b"," + piece


def _sized(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    # Level 1: on loopback the time to pack counts, and the next level saves little.
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()
