"""One kind of thing that pages show: its items by key, and which of them changed."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T")

_SHARE = 0.01
"""Of the event loop's time that going through one topic may take: more things, fewer rounds."""
_RAREST = 10.0
"""Seconds between two rounds, whatever they cost."""
_REST = 2.0
"""Seconds between two rounds where only time itself changes things unheard."""
_AT_ONCE = 400
"""Items that are made before others have their turn on the event loop: some 15 ms."""


@dataclass(slots=True)
class News:
    """What changed of one topic: items as JSON, and keys that are no more."""

    set: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


class Topic(Generic[T]):
    """Makes an item only where what it is made of has changed since, and tells it only where
    the item has."""

    def __init__(
        self,
        name: str,
        things: Callable[[], Mapping[str, T] | None],
        shown: Callable[[T], BaseModel],
        mark: Callable[[T], Any] | None = None,
        *,
        announced: bool = False,
        written: bool = False,
    ) -> None:
        """`things` gives None while they are not known. `mark` is what an item depends on, as
        something that can be compared; without it each is made in each round. `announced`: each
        change touches it, and `written`: each change is in the ledger, but for what time itself
        changes; then there are fewer rounds."""
        self.name = name
        self.items: dict[str, str] | None = None
        """Key → JSON; None while nothing is known."""
        self.more = False
        """Whether something is left for the next turn, which may come soon."""
        self.written = written
        self._things, self._shown, self._mark = things, shown, mark
        self._rest = _REST if announced or written else 0.0
        self._marks: dict[str, Any] = {}
        self._touched: set[str] = set()
        self._round_at = self._may_at = 0.0

    def touch(self, *keys: str) -> None:
        """These may have changed; without keys, anything may have."""
        self._touched.update(keys)
        if not keys:
            self._round_at = 0.0

    def stir(self) -> None:
        """Something may have changed: the next round comes as soon as its share of time allows."""
        self._round_at = min(self._round_at, self._may_at)

    def news(self, now: float) -> News | None:
        """What has changed since the last time; None where nothing has. `now` is monotonic."""
        whole, began = now >= self._round_at, perf_counter()
        if not whole and not self._touched:
            return None
        things, known = self._things(), self.items or {}
        if things is None:
            return None
        keys = things.keys() if whole else self._touched & things.keys()
        left = known if whole else self._touched & known.keys()
        differing, found = self._differing(keys, things), News()
        marks = dict(islice(differing.items(), _AT_ONCE))
        for key in marks:
            item = self._shown(things[key]).model_dump_json()
            if known.get(key) != item:
                found.set[key] = item
        found.gone = [key for key in left if key not in things]
        if whole:
            self._may_at = now + min((perf_counter() - began) / _SHARE, _RAREST)
            self._round_at = max(self._may_at, now + self._rest)
        taken = self._taken(known, marks, found)
        self._touched.update(differing.keys() - marks.keys())
        self.more = bool(self._touched)
        return taken

    def _differing(self, keys: Iterable[str], things: Mapping[str, T]) -> dict[str, Any]:
        """Key → mark, where that is another than before."""
        if self._mark is None:
            return dict.fromkeys(keys)
        marks = {key: self._mark(things[key]) for key in keys}
        return {key: mark for key, mark in marks.items() if self._marks.get(key) != mark}

    def _taken(self, known: dict[str, str], marks: dict[str, Any], found: News) -> News | None:
        """Only now: what failed on the way is found again the next time."""
        first, self.items = self.items is None, known
        self._touched.clear()
        self._marks.update(marks)
        known.update(found.set)
        for key in found.gone:
            del known[key]
            self._marks.pop(key, None)
        return found if first or found.set or found.gone else None


def as_object(items: Mapping[str, str]) -> str:
    """Items as one JSON object."""
    return "{" + ",".join(f"{json.dumps(key)}:{item}" for key, item in items.items()) + "}"
