"""Which series there are, and which of them match."""

from array import array
from collections import OrderedDict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import Labels
from opsbook.metrics.model import Matcher
from opsbook.metrics.regex import compile_regex

Ids = NDArray[np.int64]

_NONE: Ids = np.empty(0, np.int64)
_KNOWN_PATTERNS = 1_000


class Index:
    """Numbers series, and finds them by their labels: name -> value -> series.

    The caller holds a lock while it adds, removes or matches.
    """

    def __init__(self) -> None:
        self.labels: dict[int, Labels] = {}
        self.group: dict[int, str] = {}
        self.twins: set[int] = set()
        """Series with the same labels as one of another group."""
        self.generation = 0
        self._ids: dict[Labels, tuple[int, ...]] = {}
        self._postings: dict[str, dict[str, array[int]]] = {}
        self._next = 0
        self._patterns: OrderedDict[tuple[str, str], tuple[int, list[str]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.labels)

    def find(self, group: str, labels: Labels) -> int | None:
        for known in self._ids.get(labels, ()):
            if self.group[known] == group:
                return known
        return None

    def add(self, group: str, labels: Labels) -> int:
        """The number of a series, a new one if it is not known yet."""
        known = self.find(group, labels)
        if known is not None:
            return known
        number = self._next
        self._next += 1
        self.labels[number], self.group[number] = labels, group
        others = self._ids.get(labels, ())
        self._ids[labels] = (*others, number)
        if others:
            self.twins.update(self._ids[labels])
        for name, value in labels:
            self._postings.setdefault(name, {}).setdefault(value, array("q")).append(number)
        # Last: `prepare` reads without the lock, and must not remember half of this as the whole.
        self.generation += 1
        return number

    def remove(self, numbers: Iterable[int]) -> None:
        gone = set(numbers)
        touched: set[tuple[str, str]] = set()
        for number in gone:
            labels = self.labels.pop(number)
            del self.group[number]
            self._forget(labels, number)
            touched.update(labels)
        for name, value in touched:
            left = array("q", (one for one in self._postings[name][value] if one not in gone))
            if left:
                self._postings[name][value] = left
                continue
            del self._postings[name][value]
            if not self._postings[name]:
                del self._postings[name]
        self.generation += 1

    def _forget(self, labels: Labels, number: int) -> None:
        left = tuple(one for one in self._ids[labels] if one != number)
        self.twins.discard(number)
        if left:
            self._ids[labels] = left
        else:
            del self._ids[labels]
        if len(left) == 1:
            self.twins.discard(left[0])

    def prepare(self, matchers: tuple[Matcher, ...]) -> None:
        """Try regular expressions on all values before the lock is taken. Raises BadInputError."""
        for matcher in matchers:
            if matcher.op in ("=~", "!~"):
                self._hits(matcher.name, matcher.value, self._postings.get(matcher.name, {}))

    def match(self, matchers: tuple[Matcher, ...]) -> Ids:
        """The numbers of the series that match all, ascending. Raises BadInputError."""
        found: Ids | None = None
        for matcher in sorted(matchers, key=lambda one: one.op != "="):
            found = self._narrowed(found, matcher)
            if not len(found):
                return _NONE
        return self._all() if found is None else found

    def _narrowed(self, found: Ids | None, matcher: Matcher) -> Ids:
        """A matcher that takes the empty value takes series without the label too."""
        if self._takes(matcher, ""):
            out = self._holding(matcher.name, self._values(matcher.name, matcher, negated=True))
            return np.setdiff1d(self._all() if found is None else found, out, assume_unique=True)
        holding = self._holding(matcher.name, self._values(matcher.name, matcher, negated=False))
        return holding if found is None else np.intersect1d(found, holding, assume_unique=True)

    def _values(self, name: str, matcher: Matcher, *, negated: bool) -> list[str]:
        """Known values of a label that the matcher takes, or those that it does not take."""
        known = self._postings.get(name, {})
        if matcher.op == "=" and not negated:
            return [matcher.value] if matcher.value in known else []
        if matcher.op == "!=" and negated:
            return [matcher.value] if matcher.value in known else []
        if matcher.op in ("=", "!="):
            return [value for value in known if self._takes(matcher, value) is not negated]
        hits = self._hits(name, matcher.value, known)
        if (matcher.op == "=~") is not negated:
            return hits
        taken = set(hits)
        return [value for value in known if value not in taken]

    def _hits(self, name: str, pattern: str, known: dict[str, "array[int]"]) -> list[str]:
        cached = self._patterns.get((name, pattern))
        if cached is not None and cached[0] == self.generation:
            return cached[1]
        generation, fits = self.generation, compile_regex(pattern).fullmatch
        hits = [value for value in list(known) if fits(value)]
        self._patterns[(name, pattern)] = (generation, hits)
        if len(self._patterns) > _KNOWN_PATTERNS:
            self._patterns.popitem(last=False)
        return hits

    def _takes(self, matcher: Matcher, value: str) -> bool:
        if matcher.op in ("=", "!="):
            return (matcher.value == value) is (matcher.op == "=")
        fits = compile_regex(matcher.value).fullmatch(value) is not None
        return fits is (matcher.op == "=~")

    def _holding(self, name: str, values: list[str]) -> Ids:
        postings = self._postings.get(name, {})
        parts = [np.array(postings[value], np.int64) for value in values]
        if len(parts) == 1:
            return parts[0]
        return np.sort(np.concatenate(parts)) if parts else _NONE

    def _all(self) -> Ids:
        return np.sort(np.fromiter(self.labels, np.int64, len(self.labels)))
