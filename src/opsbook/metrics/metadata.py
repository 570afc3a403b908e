"""What metrics are: their type, unit and help, as those who expose them say."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

_MOST_SOURCES = 10_000
_MOST_METRICS = 50_000
"""Of one source; what is more is not remembered."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """`type` is one of Prometheus' (counter, gauge, histogram, …) or `unknown`."""

    type: str = "unknown"
    help: str = ""
    unit: str = ""


class Catalogue:
    """Metadata by the target or sender that gave it. May be used from any thread."""

    def __init__(self) -> None:
        self._sources: OrderedDict[str, Mapping[str, Metadata]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, source: str, metadata: Mapping[str, Metadata]) -> None:
        """All that a source says now, by the metric's (family) name, instead of what it said."""
        if len(metadata) > _MOST_METRICS:
            metadata = dict(list(metadata.items())[:_MOST_METRICS])
        with self._lock:
            self._sources[source] = metadata
            self._sources.move_to_end(source)
            if len(self._sources) > _MOST_SOURCES:
                self._sources.popitem(last=False)

    def forget(self, source: str) -> None:
        with self._lock:
            self._sources.pop(source, None)

    def of(self, source: str) -> Mapping[str, Metadata]:
        with self._lock:
            return self._sources.get(source, {})

    def everything(self, metric: str | None = None) -> dict[str, list[Metadata]]:
        """Metric → its different metadata, each once; of one metric only where one is named."""
        with self._lock:
            sources = list(self._sources.values())
        found: dict[str, dict[Metadata, None]] = {}
        for source in sources:
            names = source if metric is None else ({metric} & source.keys())
            for name in names:
                found.setdefault(name, {})[source[name]] = None
        return {name: list(several) for name, several in sorted(found.items())}
