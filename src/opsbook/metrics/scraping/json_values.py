"""Numbers in a JSON answer → samples, by the paths that a book declares."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.exposition.model import Exposition
from opsbook.metrics.metadata import Metadata
from opsbook.metrics.scraping.settings import JsonValue
from opsbook.probes.exposition import ExpositionError

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+|\*)\]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

_Step = str | int | None
"""A key, an index, or None for each element."""


class JsonReader:
    """Reads what the paths find; what is missing or no number gives no sample."""

    def __init__(self, declared: Mapping[str, JsonValue]) -> None:
        self._declared = {name: _Declared(name, value) for name, value in declared.items()}
        self._metadata = {name: Metadata("gauge", value.help) for name, value in declared.items()}
        self._labels: tuple[Labels, ...] = ()

    def read(self, body: bytes | bytearray, content_type: str) -> Exposition:
        """As the reader of expositions does. Raises ExpositionError."""
        del content_type
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ExpositionError(f"not JSON: {error}") from None
        found: dict[Labels, float] = {}
        repeated = 0
        for declared in self._declared.values():
            for labels, value in declared.samples(document):
                repeated += labels in found
                found.setdefault(labels, value)
        series = tuple(found)
        if series != self._labels:
            self._labels = series
        values = np.fromiter(found.values(), np.float64, len(found))
        return Exposition(self._labels, values, None, self._metadata, repeated)


class _Declared:
    """One metric: where its values stand, and beside them its labels."""

    def __init__(self, name: str, value: JsonValue) -> None:
        self._name = name
        self._steps = _steps(value.path)
        self._labels = {label: _steps(path) for label, path in value.labels.items()}

    def samples(self, document: Any) -> Iterator[tuple[Labels, float]]:
        for element, found in _walk(document, document, self._steps):
            number = _number(found)
            if number is None:
                continue
            pairs = {NAME: self._name}
            for label, steps in self._labels.items():
                pairs[label] = next((_text(one) for _, one in _walk(element, element, steps)), "")
            yield labels_of(pairs), number


def _steps(path: str) -> tuple[_Step, ...]:
    found = _STEP.findall(path.removeprefix("$"))
    return tuple(key or (None if index == "*" else int(index)) for key, index in found)


def _walk(element: Any, at: Any, steps: tuple[_Step, ...]) -> Iterator[tuple[Any, Any]]:
    """What stands at the end of the steps, each with the list's element that it is in."""
    for place, step in enumerate(steps):
        if step is None:
            for each in at if isinstance(at, list) else ():
                yield from _walk(each, each, steps[place + 1 :])
            return
        if isinstance(step, int):
            at = at[step] if isinstance(at, list) and step < len(at) else None
        else:
            at = at.get(step) if isinstance(at, dict) else None
    yield element, at


def _number(found: Any) -> float | None:
    """Truths as 1 and 0; texts that are numbers as these."""
    if isinstance(found, str):
        found = float(found) if _NUMBER.fullmatch(found.strip()) else None
    if not isinstance(found, int | float):
        return None
    try:
        number = float(found)
    except OverflowError:
        return None
    return None if math.isnan(number) else number


def _text(found: Any) -> str:
    """A label's value; what is a list, a mapping or nothing is no label."""
    if isinstance(found, bool):
        return str(found).lower()
    return str(found) if isinstance(found, str | int | float) else ""
