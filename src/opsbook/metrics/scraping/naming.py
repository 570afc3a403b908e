"""What a target calls its series → what the store calls them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import NAME, Labels, format_labels, labels_of
from opsbook.metrics.scraping.relabel import relabel
from opsbook.metrics.scraping.settings import ScrapeConfig

Places = NDArray[np.int64]


class RefusedError(Exception):
    """The exposition is not taken, none of it; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Named:
    """The series of one exposition that are kept."""

    places: Places
    """Where they stand in the exposition."""
    labels: tuple[Labels, ...]
    remaining: int
    """How many relabelling left over, those among them that became another's twin too."""


class Naming:
    """Joins the labels of series with their target's, as Prometheus does, and relabels them.

    Remembers what it did for the series of the last exposition.
    """

    def __init__(self, config: ScrapeConfig, target: Labels) -> None:
        self._config = config
        self._target = target
        self._exposed: tuple[Labels, ...] | None = None
        self._named = Named(np.empty(0, np.int64), (), 0)
        self._known: dict[Labels, Labels | None] = {}

    def name(self, exposed: tuple[Labels, ...]) -> Named:
        """The same object as long as `exposed` is the same. Raises RefusedError."""
        if exposed is not self._exposed:
            self._named = self._name_all(exposed)
            self._exposed = exposed
        return self._named

    def _name_all(self, exposed: tuple[Labels, ...]) -> Named:
        before, now = self._known, dict[Labels, Labels | None]()
        places: dict[Labels, int] = {}
        remaining = 0
        for place, labels in enumerate(exposed):
            final = before[labels] if labels in before else self._final(labels)
            now[labels] = final
            if final is not None:
                remaining += 1
                places.setdefault(final, place)
        self._known = now
        return Named(np.fromiter(places.values(), np.int64, len(places)), tuple(places), remaining)

    def _final(self, exposed: Labels) -> Labels | None:
        pairs: Mapping[str, str] | None
        pairs = join(dict(exposed), self._target, self._config.honor_labels)
        if self._config.metric_relabel_configs:
            pairs = relabel(pairs, self._config.metric_relabel_configs)
        if pairs is None:
            return None
        labels = labels_of(pairs)
        if labels:
            _check(labels, self._config)
        return labels or None


def join(exposed: dict[str, str], target: Sequence[tuple[str, str]], honor: bool) -> dict[str, str]:
    """Whose label counts where both have it: with `honor` the series', else the target's.

    What the series had is then called `exported_…`, as often as it takes to be free.
    """
    if honor:
        return dict(target) | exposed
    joined = exposed | dict(target)
    overruled = [(name, exposed[name]) for name, _ in target if exposed.get(name)]
    for name, value in sorted(overruled, key=lambda pair: len(pair[0])):
        free = f"exported_{name}"
        while joined.get(free):
            free = f"exported_{free}"
        joined[free] = value
    return joined


def _check(labels: Labels, config: ScrapeConfig) -> None:
    """Raises RefusedError if these labels may not come into the store."""
    if not any(name == NAME for name, _ in labels):
        raise RefusedError(f"a series has no name after relabelling: {format_labels(labels)}")
    if 0 < config.label_limit < len(labels):
        raise _limited(labels, "label_limit", config.label_limit, f"{len(labels)} labels")
    for name, value in labels:
        most = config.label_name_length_limit
        if 0 < most < len(name.encode()):
            raise _limited(labels, "label_name_length_limit", most, f"label name {name[:50]!r}…")
        most = config.label_value_length_limit
        if 0 < most < len(value.encode()):
            raise _limited(labels, "label_value_length_limit", most, f"label {name[:50]!r}")


def _limited(labels: Labels, setting: str, most: int, what: str) -> RefusedError:
    series = format_labels(labels)[:200]
    return RefusedError(
        f"{what} is beyond {setting}, {most}, in {series}; drop the label or raise {setting}"
    )
