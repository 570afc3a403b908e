"""Answers as bytes, in pieces of which no two are needed at once."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from opsbook.core.labels import Labels
from opsbook.metrics.promql.numbers import plain
from opsbook.metrics.promql.result import Result, Series
from opsbook.web.prometheus.errors import ApiError
from opsbook.web.prometheus.numbers import Points, number, stamp

TRUNCATED = "results truncated due to limit"
_PIECE = 256 * 1024
_WORTH_PACKING = 16 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_SERIES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is JSON, in pieces that are made when they are asked for."""

    data: Iterable[bytes]
    warnings: Sequence[str] = ()
    infos: Sequence[str] = ()


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
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", errors="replace")


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


def _vector(series: Iterable[Series]) -> Iterator[bytes]:
    for each in series:
        point = _pair(int(each.times[0]), number(float(each.values[0])))
        yield b'{"metric":' + as_json(dict(each.labels)) + b',"value":' + point + b"}"


def _matrix(series: Iterable[Series]) -> Iterator[bytes]:
    points = Points()
    for each in series:
        written = points.write(each.times, each.values)
        yield b'{"metric":' + as_json(dict(each.labels)) + b',"values":[' + written + b"]}"


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
