"""Carries a script out and says for each evaluation what was expected and what came."""

import math
import sys
from collections.abc import Iterator
from pathlib import Path

from opsbook.core.labels import Labels, format_labels
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.result import Result, Series
from opsbook.metrics.promql.series_text import Points
from tests.metrics.memory import Layout, Memory
from tests.metrics.promql.script import Clear, Eval, Load, Said, read_script

_MINUTE = 60_000
_TOLERANCE = 1e-6


class MismatchError(AssertionError):
    """What was expected, and what came instead."""


def run_file(file: Path, layout: Layout) -> Iterator[tuple[int, str]]:
    """The line of each evaluation and what is wrong with it, empty where nothing is."""
    memory = Memory(layout)
    for command in read_script(file.read_text(encoding="utf-8")):
        match command:
            case Clear():
                memory = Memory(layout)
            case Load():
                _load(memory, command)
            case Eval():
                yield command.line, _wrong(Engine(memory), command)


def _load(memory: Memory, command: Load) -> None:
    for labels, points in command.series.items():
        samples = [
            (at * command.step, value) for at, value in enumerate(points) if value is not None
        ]
        if samples:
            memory.add(labels, samples)


def _wrong(engine: Engine, case: Eval) -> str:
    try:
        (_instant if case.instant else _range)(engine, case)
    except MismatchError as mismatch:
        return str(mismatch)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _instant(engine: Engine, case: Eval) -> None:
    try:
        result = engine.instant(case.expression, case.start)
    except QueryError as error:
        return _failed(case, error)
    _must(case.fails is None, "expected to fail, got a result")
    _annotations(case, result)
    if case.text is not None:
        return _must(result.text == case.text, f"expected {case.text!r}, got {result.text!r}")
    if case.raw is not None:
        return _matrix(case, result, *case.raw)
    _values(case, result, ordered=case.ordered)
    if case.ordered or "range()" in case.expression:
        return None
    return _as_range(engine, case)


def _as_range(engine: Engine, case: Eval) -> None:
    """The same at the middle of three steps, a minute apart."""
    try:
        result = engine.range(case.expression, case.start - _MINUTE, case.start + _MINUTE, _MINUTE)
    except QueryError as error:
        raise MismatchError(f"in range mode: {error}") from None
    _sorted(result)
    middle = Result("vector")
    for series in result.series:
        there = series.times == case.start
        if there.any():
            at = Series(series.labels, series.times[there], series.values[there])
            middle.series.append(at)
    try:
        _values(case, middle, ordered=False)
    except MismatchError as mismatch:
        raise MismatchError(f"in range mode: {mismatch}") from None


def _range(engine: Engine, case: Eval) -> None:
    try:
        result = engine.range(case.expression, case.start, case.end, case.step)
    except QueryError as error:
        return _failed(case, error)
    _must(case.fails is None, "expected to fail, got a result")
    _annotations(case, result)
    _sorted(result)
    return _matrix(case, result, case.start, case.step)


def _sorted(result: Result) -> None:
    labels = [series.labels for series in result.series]
    _must(labels == sorted(labels), "the series are not in the order of their labels")


def _failed(case: Eval, error: QueryError) -> None:
    _must(case.fails is not None, f"failed: {error}")
    assert case.fails is not None
    fits = case.fails.fits(str(error))
    _must(fits, f"expected to fail with {case.fails.text or case.fails.pattern!r}, got {error}")


def _annotations(case: Eval, result: Result) -> None:
    for kind, actual in (("warn", result.warnings), ("info", result.infos)):
        expected = case.told.get(kind, [])
        _all_told(kind, expected, actual)
        silent = f"no_{kind}" in case.told
        _must(not (silent and actual), f"expected no {kind}, got {actual}")


def _all_told(kind: str, expected: list[Said], actual: list[str]) -> None:
    for said in expected:
        found = any(said.fits(message) for message in actual)
        _must(found, f"expected {kind} {said.text or said.pattern!r}, got {actual}")
    for message in actual if expected else ():
        _must(any(said.fits(message) for said in expected), f"unexpected {kind}: {message}")


def _values(case: Eval, result: Result, *, ordered: bool) -> None:
    if case.number is not None:
        got = [series.values[0] for series in result.series]
        return _must(
            len(got) == 1 and almost_equal(case.number, got[0]),
            f"expected {case.number}, got {got}",
        )
    actual: dict[Labels, Points] = {
        series.labels: [float(series.values[0])] for series in result.series
    }
    if ordered:
        order, wanted = _shown(list(actual)), _shown(list(case.series))
        _must(list(actual) == list(case.series), f"expected the order {wanted}, got {order}")
    return _same(case.series, actual)


def _matrix(case: Eval, result: Result, start: int, step: int) -> None:
    expected = {
        labels: _trimmed(points) for labels, points in case.series.items() if _trimmed(points)
    }
    actual: dict[Labels, Points] = {}
    for series in result.series:
        points: Points = [None] * ((int(series.times[-1]) - start) // step + 1)
        for at, value in zip(series.times, series.values, strict=True):
            _must((int(at) - start) % step == 0, f"a sample at {at} ms is beside the steps")
            points[(int(at) - start) // step] = float(value)
        actual[series.labels] = points
    _same(expected, actual)


def _trimmed(points: Points) -> Points:
    while points and points[-1] is None:
        points = points[:-1]
    return points


def _same(expected: dict[Labels, Points], actual: dict[Labels, Points]) -> None:
    for labels in expected.keys() - actual.keys():
        raise MismatchError(
            f"expected {format_labels(labels)} {expected[labels]}, got {_all(actual)}"
        )
    for labels in actual.keys() - expected.keys():
        raise MismatchError(f"unexpected {format_labels(labels)} {actual[labels]}")
    for labels, points in expected.items():
        got = actual[labels]
        alike = len(points) == len(got) and all(map(_same_point, points, got))
        _must(alike, f"expected {format_labels(labels)} {points}, got {got}")


def _same_point(expected: float | None, actual: float | None) -> bool:
    if expected is None or actual is None:
        return expected is actual
    return almost_equal(expected, actual)


def almost_equal(one: float, other: float) -> bool:
    """As the reference runner compares: 1e-6 of both together, and nothing near zero."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    if one == other:
        return True
    both, apart = abs(one) + abs(other), abs(one - other)
    if one == 0 or other == 0 or both < sys.float_info.min:
        return apart < _TOLERANCE * sys.float_info.min
    return apart / min(both, sys.float_info.max) < _TOLERANCE


def _all(actual: dict[Labels, Points]) -> str:
    shown = [f"{format_labels(labels)} {points}" for labels, points in actual.items()]
    return ", ".join(shown) or "nothing"


def _shown(labels: list[Labels]) -> list[str]:
    return [format_labels(each) for each in labels]


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise MismatchError(otherwise)
