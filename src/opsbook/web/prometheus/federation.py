"""`/federate`: the newest samples, for another Prometheus to scrape, in text format 0.0.4."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from opsbook.core.labels import NAME, Labels
from opsbook.metrics.model import Frame, is_absent, is_stale
from opsbook.metrics.promql.query import Limits
from opsbook.metrics.store import Store
from opsbook.web.prometheus.numbers import general
from opsbook.web.prometheus.parameters import Parameters, selector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_:]")
_NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9_]")
_Sample = tuple[Labels, int, float]


def federated(
    store: Store, limits: Limits, external: Mapping[str, str], given: Parameters
) -> Iterator[bytes]:
    """Families by name, all `untyped`. A series that has ended is left out."""
    now = int(time.time() * 1000)
    newest: dict[Labels, _Sample] = {}
    for text in given.texts("match[]"):
        matchers = selector(text)
        for frame in store.select(matchers, now - limits.lookback, now):
            newest.update((sample[0], sample) for sample in _newest(frame))
    # A series without the label must not get that of whoever scrapes this.
    missing = {"instance": "", **external}
    named = sorted((_name(labels), labels) for labels in newest)
    for name, found in groupby((each for each in named if each[0]), key=lambda each: each[0]):
        yield _family(name, [newest[labels] for _, labels in found], missing)


def _newest(frame: Frame) -> Iterator[_Sample]:
    """The last sample of each column, unless that is a staleness marker."""
    there = ~is_absent(frame.values)
    last = len(frame.times) - 1 - there[::-1].argmax(axis=0)
    values = frame.values[last, np.arange(len(frame.labels))]
    ended = is_stale(np.ascontiguousarray(values))
    for column in np.flatnonzero(~ended & there.any(axis=0)).tolist():
        at, value = frame.times[last[column]], values[column]
        yield frame.labels[column], int(at), float(value)


def _family(name: str, samples: Sequence[_Sample], missing: Mapping[str, str]) -> bytes:
    shown = _NOT_IN_NAMES.sub("_", name)
    lines = [f"# TYPE {shown} untyped"]
    for labels, at, value in samples:
        pairs = [(_NOT_IN_LABELS.sub("_", key), text) for key, text in labels if key != NAME]
        held = {key for key, _ in pairs}
        pairs += sorted((key, text) for key, text in missing.items() if key not in held)
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in pairs)
        lines.append(f"{shown}{{{inside}}} {general(value)} {at}")
    return "\n".join([*lines, ""]).encode("utf-8", errors="replace")


def _name(labels: Labels) -> str:
    return next((value for key, value in labels if key == NAME), "")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
