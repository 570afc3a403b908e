"""What answers here, how it runs, and what the store holds."""

import os
import platform
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import opsbook
from opsbook.core.labels import NAME, Labels
from opsbook.metrics.promql.query import Limits
from opsbook.metrics.store import Store
from opsbook.web.prometheus.errors import ApiError
from opsbook.web.prometheus.parameters import EARLIEST, LATEST, Parameters
from opsbook.web.prometheus.times import duration_text, moment_text

_STARTED = time.time()
_LANGUAGE = "3.0.0"
"""Clients read this to know what they may ask; the language is that of Prometheus 3."""
_SHOWN = 10


def build_info() -> dict[str, Any]:
    return {
        "version": _LANGUAGE,
        "revision": opsbook.__version__,
        "branch": "opsbook",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    }


def runtime_info(store: Store) -> dict[str, Any]:
    """Without what only a Go program has."""
    return {
        "startTime": moment_text(_STARTED),
        "CWD": str(Path.cwd()),
        "hostname": socket.gethostname(),
        "serverTime": moment_text(time.time()),
        "reloadConfigSuccess": True,
        "lastConfigTime": moment_text(_STARTED),
        "corruptionCount": len(store.stats().problems),
        "goroutineCount": threading.active_count(),
        "GOMAXPROCS": os.cpu_count() or 1,
        "GOGC": "",
        "GODEBUG": "",
        "storageRetention": _retention(store),
        "pythonVersion": platform.python_version(),
    }


def flags(limits: Limits, at_once: int) -> dict[str, str]:
    """What stands for Prometheus' flags of the same names."""
    return {
        "query.lookback-delta": duration_text(limits.lookback / 1000),
        "query.max-concurrency": str(at_once),
        "query.max-samples": str(limits.samples),
        "query.timeout": duration_text(limits.seconds),
        "web.enable-admin-api": "false",
    }


def holdings(store: Store, given: Parameters) -> dict[str, Any]:
    """The answer of `/status/tsdb`: what most series are made of. Looks at every series."""
    most = _SHOWN
    if given.text("limit"):
        most = given.count("limit")
        if most < 1:
            raise ApiError("bad_data", "limit must be a positive number")
    stats = store.stats()
    found = store.matching((), EARLIEST, LATEST)
    return {
        "headStats": {
            "numSeries": len(found),
            "numLabelPairs": len({pair for labels in found for pair in labels}),
            "minTime": stats.oldest or 0,
            "maxTime": stats.newest or 0,
        },
        **_counts(found, most),
    }


def _counts(found: Sequence[Labels], most: int) -> dict[str, Any]:
    pairs = Counter(pair for labels in found for pair in labels)
    values, sizes, names = Counter[str](), Counter[str](), Counter[str]()
    for (name, value), count in pairs.items():
        values[name] += 1
        sizes[name] += len(value.encode()) * count
        if name == NAME:
            names[value] = count
    written = Counter({f"{name}={value}": count for (name, value), count in pairs.items()})
    return {
        "seriesCountByMetricName": _top(names, most),
        "labelValueCountByLabelName": _top(values, most),
        "memoryInBytesByLabelName": _top(sizes, most),
        "seriesCountByLabelValuePair": _top(written, most),
    }


def _top(counts: Counter[str], most: int) -> list[dict[str, Any]]:
    return [{"name": name, "value": count} for name, count in counts.most_common(most)]


def _retention(store: Store) -> str:
    seconds = getattr(store, "retention", None)
    return duration_text(seconds) if isinstance(seconds, float) else ""
