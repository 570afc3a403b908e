"""Series as Prometheus' tests write them: `up{job="api"} 1 _ 3+1x2` → labels, value by value.

Specification: "Unit Testing for Rules", the notation of `input_series`.
"""

import re

from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.model import STALE
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.nodes import Selector
from opsbook.metrics.promql.parse import parse

Points = list[float | None]
"""Values at consecutive steps; None where there is no sample."""

MOST_POINTS = 1_000_000
"""Of one series."""
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBERS = re.compile(rf"([+-]?{_NUMBER})(?:([+-]{_NUMBER})?x(\d+))?")
_WORDS = re.compile(rf"([+-]?(?:inf|nan)|stale)(?:([+-]{_NUMBER})x(\d+))?", re.IGNORECASE)
_GAP = re.compile(r"_(?:x(\d+))?")
_HISTOGRAM = re.compile(r"\{\{[^{}]*\}\}(?:[+-]\{\{[^{}]*\}\})?(?:x(\d+))?")
_ITEM = re.compile(rf"{_HISTOGRAM.pattern}|\S+")
_METRIC = re.compile(r"[a-zA-Z_:][\w:]*", re.ASCII)
_INSIDE = re.compile(r"""\{(?:[^"'`{}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\}""")
_FILLER = "__filler__"


class SeriesTextError(ValueError):
    """The text says no series; its reason is for people."""


def read_series(text: str, *, gaps_for_histograms: bool = False) -> tuple[Labels, Points]:
    """Raises SeriesTextError. With `gaps_for_histograms` there is no sample where a native
    histogram stands; without, one is refused."""
    labels, end = _head(text)
    return labels, read_points(text[end:], gaps_for_histograms=gaps_for_histograms)


def read_labels(text: str) -> Labels:
    """`up{job="api"}` alone. Raises SeriesTextError."""
    labels, end = _head(text.strip())
    if end < len(text.strip()):
        raise SeriesTextError(f"something stands behind the labels: {text.strip()[end:]}")
    return labels


def read_points(text: str, *, gaps_for_histograms: bool = False) -> Points:
    """The values alone. Raises SeriesTextError."""
    points: Points = []
    for found in _ITEM.finditer(text):
        points += _points(found[0], MOST_POINTS - len(points), gaps_for_histograms)
    return points


def _head(text: str) -> tuple[Labels, int]:
    """The labels, and where they end."""
    text = text.rstrip()
    start = len(text) - len(text.lstrip())
    name = _METRIC.match(text, start)
    at = name.end() if name else start
    inside = _INSIDE.match(text, at)
    if name is None and inside is None:
        raise SeriesTextError(f'no series: write one such as up{{job="api"}} (got {text!r})')
    end = inside.end() if inside else at
    if end < len(text) and not text[end].isspace():
        raise SeriesTextError(f"no blank behind the labels: {text[end:]}")
    return _labels(name[0] if name else "", inside[0][1:-1] if inside else ""), end


def _labels(name: str, inside: str) -> Labels:
    # A selector needs one matcher that is not empty; a series may have no labels at all.
    pairs = inside.strip()
    try:
        selector = parse(f'{{{_FILLER}="x"{", " if pairs else ""}{pairs}}}')
    except QueryError as error:
        raise SeriesTextError(f"malformed labels: {error}: {{{inside}}}") from None
    assert isinstance(selector, Selector)
    found = {NAME: name}
    for matcher in selector.matchers:
        if matcher.op != "=":
            raise SeriesTextError(f"a series has labels with =, not {matcher.op}: {{{inside}}}")
        if found.get(matcher.name) and matcher.name != NAME:
            raise SeriesTextError(f"label {matcher.name!r} stands twice: {{{inside}}}")
        if matcher.name != NAME or not name:
            found[matcher.name] = matcher.value
    del found[_FILLER]
    return labels_of(found)


def _points(item: str, most: int, gaps_for_histograms: bool) -> Points:
    if (gap := _GAP.fullmatch(item)) is not None:
        return [None] * _times(gap[1] or "1", most)
    if (histogram := _HISTOGRAM.fullmatch(item)) is not None:
        if not gaps_for_histograms:
            raise SeriesTextError(f"native histograms are not kept here: {item}")
        return [None] * (_times(histogram[1] or "0", most) + 1)
    found = _NUMBERS.fullmatch(item) or _WORDS.fullmatch(item)
    if found is None or found[1].lower() == "stale" != found[1]:
        raise SeriesTextError(f"no value: {item}")
    value = float(STALE) if found[1] == "stale" else float(found[1])
    if found[3] is None:
        return [value]
    step = float(found[2] or 0)
    points: Points = [value]
    for _ in range(_times(found[3], most)):
        value += step  # added again and again as Prometheus does it: the last digits show
        points.append(value)
    return points


def _times(text: str, most: int) -> int:
    if len(text) > 9 or int(text) > most:
        raise SeriesTextError(f"more than {MOST_POINTS:,} values")
    return int(text)
